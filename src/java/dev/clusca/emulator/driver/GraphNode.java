package dev.clusca.emulator.driver;

import dev.clusca.bindings.cuda.Cuda;
import java.util.Set;

/**
 * A node of a graph.
 *
 * @param graph the graph that it belongs to
 * @param handle its handle
 * @param operation what it does
 * @param after the nodes that it waits for
 */
record GraphNode(EmulatedGraph graph, long handle, Operation operation, Set<GraphNode> after) {
    GraphNode {
        after = Set.copyOf(after);
    }

    /** Its {@code CUgraphNodeType}. */
    int type() {
        return switch (operation) {
            case Operation.Kernel _ -> Cuda.CU_GRAPH_NODE_TYPE_KERNEL();
            case Operation.Copy _, Operation.Staged _ -> Cuda.CU_GRAPH_NODE_TYPE_MEMCPY();
            case Operation.Fill _ -> Cuda.CU_GRAPH_NODE_TYPE_MEMSET();
            case Operation.HostCall _ -> Cuda.CU_GRAPH_NODE_TYPE_HOST();
            case Operation.Free _ -> Cuda.CU_GRAPH_NODE_TYPE_MEM_FREE();
            case Operation.Nothing _ -> Cuda.CU_GRAPH_NODE_TYPE_EMPTY();
        };
    }

    /** Nodes are equal when they are the same node. */
    @Override
    public boolean equals(Object other) {
        return other instanceof GraphNode node && node.handle == handle;
    }

    @Override
    public int hashCode() {
        return Long.hashCode(handle);
    }
}
