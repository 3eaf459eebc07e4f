package dev.clusca.emulator.driver;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** An instantiated graph: a snapshot of its nodes, whose operations may be replaced between launches. */
final class EmulatedGraphExec {
    private final List<GraphNode> nodes;
    private final Map<GraphNode, Operation> operations = new HashMap<>();
    private @Nullable Work lastLaunch;

    EmulatedGraphExec(EmulatedGraph graph) {
        nodes = List.copyOf(graph.nodes());
        nodes.forEach(node -> operations.put(node, node.operation()));
    }

    Operation operation(GraphNode node) {
        Operation operation = operations.get(node);
        if (operation == null) {
            throw new DriverFailure(
                    Result.INVALID_VALUE,
                    "found a node of another graph; expected one that this executable graph was made of");
        }
        return operation;
    }

    /** For launches from now on; those that were enqueued keep what they had. */
    void replace(GraphNode node, Operation operation) {
        operations.put(node, operation);
    }

    /** Whether a graph has nodes of the same kinds in the same order, each waiting for the same ones. */
    boolean hasShapeOf(EmulatedGraph graph) {
        List<GraphNode> others = graph.nodes();
        if (others.size() != nodes.size()) {
            return false;
        }
        for (int i = 0; i < nodes.size(); i++) {
            if (nodes.get(i).type() != others.get(i).type()
                    || !positions(nodes, nodes.get(i)).equals(positions(others, others.get(i)))) {
                return false;
            }
        }
        return true;
    }

    private static Set<Integer> positions(List<GraphNode> nodes, GraphNode node) {
        return node.after().stream().map(nodes::indexOf).collect(Collectors.toSet());
    }

    /** Takes over the operations of a graph of the same shape. */
    void replaceAll(List<GraphNode> others) {
        for (int i = 0; i < nodes.size(); i++) {
            operations.put(nodes.get(i), others.get(i).operation());
        }
    }

    /** Enqueues all nodes between what the stream holds and what will follow. Launches of one executable graph follow each other. */
    void launch(EmulatedStream stream) {
        EmulatedContext context = stream.context();
        Work first = context.submit(stream, Operation.NOTHING, lastLaunch == null ? List.of() : List.of(lastLaunch));
        Map<GraphNode, Work> works = new HashMap<>();
        Set<GraphNode> last = new HashSet<>(nodes);
        for (GraphNode node : nodes) {
            List<Work> after = new ArrayList<>(List.of(first));
            node.after().forEach(earlier -> after.add(works.get(earlier)));
            last.removeAll(node.after());
            works.put(node, context.queue().submit(operation(node)::run, after));
        }
        lastLaunch = context.submit(
                stream, Operation.NOTHING, last.stream().map(works::get).toList());
    }
}
