package dev.clusca.emulator.driver;

import dev.clusca.bindings.cuda.CUDA_KERNEL_NODE_PARAMS_v2_st;
import dev.clusca.bindings.cuda.CUgraphExecUpdateResultInfo_st;
import dev.clusca.bindings.cuda.Cuda;
import dev.clusca.bindings.standin.GraphCalls;
import dev.clusca.bindings.standin.HostMemory;
import dev.clusca.emulator.report.Dim3;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Graphs that were captured. */
final class GraphDriver implements GraphCalls {
    private final Driver driver;

    GraphDriver(Driver driver) {
        this.driver = driver;
    }

    @Override
    public void cuGraphDestroy(long graph) {
        graph(graph).destroy();
        driver.handles().remove(graph);
    }

    @Override
    public void cuGraphGetNodes(long graph, long nodes, long numNodes) {
        List<GraphNode> found = graph(graph).nodes();
        if (nodes == 0) {
            HostMemory.putLong(numNodes, found.size());
            return;
        }
        long room = HostMemory.getLong(numNodes);
        for (int i = 0; i < room; i++) {
            HostMemory.putLong(nodes + 8L * i, i < found.size() ? found.get(i).handle() : 0);
        }
        HostMemory.putLong(numNodes, Math.min(room, found.size()));
    }

    @Override
    public void cuGraphNodeGetType(long node, long type) {
        HostMemory.putInt(type, node(node).type());
    }

    @Override
    public void cuGraphKernelNodeGetParams_v2(long node, long params) {
        GraphNode found = node(node);
        Operation.Kernel kernel = requireKernel(found.operation());
        MemorySegment p = HostMemory.segment(params, CUDA_KERNEL_NODE_PARAMS_v2_st.sizeof());
        p.fill((byte) 0);
        Operation.LaunchShape shape = kernel.shape();
        CUDA_KERNEL_NODE_PARAMS_v2_st.func(
                p, MemorySegment.ofAddress(driver.handles().handleOf(kernel.function())));
        CUDA_KERNEL_NODE_PARAMS_v2_st.gridDimX(p, shape.grid().x());
        CUDA_KERNEL_NODE_PARAMS_v2_st.gridDimY(p, shape.grid().y());
        CUDA_KERNEL_NODE_PARAMS_v2_st.gridDimZ(p, shape.grid().z());
        CUDA_KERNEL_NODE_PARAMS_v2_st.blockDimX(p, shape.block().x());
        CUDA_KERNEL_NODE_PARAMS_v2_st.blockDimY(p, shape.block().y());
        CUDA_KERNEL_NODE_PARAMS_v2_st.blockDimZ(p, shape.block().z());
        CUDA_KERNEL_NODE_PARAMS_v2_st.sharedMemBytes(p, shape.sharedBytes());
        CUDA_KERNEL_NODE_PARAMS_v2_st.kernelParams(
                p, MemorySegment.ofAddress(found.graph().parameterTable(found, kernel)));
    }

    @Override
    public void cuGraphInstantiateWithFlags(long execOut, long graph, long flags) {
        driver.context();
        if (flags != 0) {
            throw new DriverFailure(
                    Result.NOT_SUPPORTED, "found instantiation flags " + flags + "; the emulator knows 0");
        }
        HostMemory.putLong(execOut, driver.handles().add(new EmulatedGraphExec(graph(graph))));
    }

    /** There is nothing to prepare. */
    @Override
    public void cuGraphUpload(long exec, long stream) {
        driver.context().stream(stream);
        exec(exec);
    }

    @Override
    public void cuGraphLaunch(long exec, long stream) {
        EmulatedStream in = driver.context().stream(stream);
        EmulatedGraphExec found = exec(exec);
        if (in.capture() instanceof Capture capture) {
            throw capture.refuse(Result.NOT_SUPPORTED, "a graph was launched, which the emulator does not nest,");
        }
        found.launch(in);
    }

    @Override
    public void cuGraphExecDestroy(long exec) {
        exec(exec);
        driver.handles().remove(exec);
    }

    @Override
    public void cuGraphExecKernelNodeSetParams_v2(long exec, long node, long params) {
        driver.context();
        EmulatedGraphExec found = exec(exec);
        GraphNode changed = node(node);
        Operation.Kernel before = requireKernel(found.operation(changed));
        MemorySegment p = HostMemory.segment(params, CUDA_KERNEL_NODE_PARAMS_v2_st.sizeof());
        EmulatedFunction function =
                driver.handles().get(CUDA_KERNEL_NODE_PARAMS_v2_st.func(p).address(), EmulatedFunction.class);
        Operation.LaunchShape shape = new Operation.LaunchShape(
                new Dim3(
                        CUDA_KERNEL_NODE_PARAMS_v2_st.gridDimX(p),
                        CUDA_KERNEL_NODE_PARAMS_v2_st.gridDimY(p),
                        CUDA_KERNEL_NODE_PARAMS_v2_st.gridDimZ(p)),
                new Dim3(
                        CUDA_KERNEL_NODE_PARAMS_v2_st.blockDimX(p),
                        CUDA_KERNEL_NODE_PARAMS_v2_st.blockDimY(p),
                        CUDA_KERNEL_NODE_PARAMS_v2_st.blockDimZ(p)),
                CUDA_KERNEL_NODE_PARAMS_v2_st.sharedMemBytes(p),
                before.shape().cooperative());
        found.replace(
                changed,
                LaunchDriver.kernel(
                        function,
                        shape,
                        CUDA_KERNEL_NODE_PARAMS_v2_st.kernelParams(p).address(),
                        CUDA_KERNEL_NODE_PARAMS_v2_st.extra(p).address()));
    }

    @Override
    public void cuGraphExecUpdate_v2(long exec, long graph, long resultInfo) {
        driver.context();
        EmulatedGraphExec found = exec(exec);
        EmulatedGraph from = graph(graph);
        MemorySegment info = HostMemory.segment(resultInfo, CUgraphExecUpdateResultInfo_st.sizeof());
        info.fill((byte) 0);
        if (!found.hasShapeOf(from)) {
            CUgraphExecUpdateResultInfo_st.result(info, Cuda.CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED());
            throw new DriverFailure(
                    Result.GRAPH_EXEC_UPDATE_FAILURE,
                    "the graph's nodes are not those, in number, kind and order, that were instantiated");
        }
        found.replaceAll(from.nodes());
        CUgraphExecUpdateResultInfo_st.result(info, Cuda.CU_GRAPH_EXEC_UPDATE_SUCCESS());
    }

    private EmulatedGraph graph(long handle) {
        driver.requireInitialized();
        return driver.handles().get(handle, EmulatedGraph.class);
    }

    private EmulatedGraphExec exec(long handle) {
        driver.requireInitialized();
        return driver.handles().get(handle, EmulatedGraphExec.class);
    }

    private GraphNode node(long handle) {
        driver.requireInitialized();
        return driver.handles().get(handle, GraphNode.class);
    }

    private static Operation.Kernel requireKernel(Operation operation) {
        if (operation instanceof Operation.Kernel kernel) {
            return kernel;
        }
        throw new DriverFailure(Result.INVALID_VALUE, "the node is no kernel node");
    }
}
