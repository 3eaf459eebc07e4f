package dev.clusca.emulator.driver;

import dev.clusca.emulator.memory.DeviceMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A graph: nodes in an order in which they could run. */
final class EmulatedGraph {
    private final Handles handles;
    private final List<GraphNode> nodes = new ArrayList<>();
    private final Arena arena = Arena.ofShared();
    private final Map<GraphNode, Long> tables = new HashMap<>();

    EmulatedGraph(Handles handles) {
        this.handles = handles;
    }

    GraphNode add(Operation operation, Set<GraphNode> after) {
        GraphNode node = handles.addWith(handle -> new GraphNode(this, handle, operation, after));
        nodes.add(node);
        return node;
    }

    List<GraphNode> nodes() {
        return nodes;
    }

    /**
     * The address of a table of the addresses of a kernel's parameters, as a program may ask for; it stays as long as the graph.
     *
     * @param kernel what the node does
     */
    long parameterTable(GraphNode node, Operation.Kernel kernel) {
        return tables.computeIfAbsent(node, _ -> {
            MemorySegment values = arena.allocate(Math.max(1, kernel.parameters().length), DeviceMemory.ALIGNMENT);
            MemorySegment.copy(kernel.parameters(), 0, values, ValueLayout.JAVA_BYTE, 0, kernel.parameters().length);
            return arena.allocateFrom(
                            ValueLayout.JAVA_LONG,
                            kernel.function().entry().parameters().stream()
                                    .mapToLong(parameter -> values.address() + parameter.offset())
                                    .toArray())
                    .address();
        });
    }

    /** Ends the life of its nodes' handles. */
    void destroy() {
        arena.close();
        nodes.forEach(node -> handles.remove(node.handle()));
    }
}
