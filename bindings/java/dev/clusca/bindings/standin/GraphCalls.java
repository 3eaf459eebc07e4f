package dev.clusca.bindings.standin;

/** Driver calls about graphs. See {@link DriverCalls} for what all have in common. */
public interface GraphCalls {
    void cuGraphDestroy(long graph);

    void cuGraphGetNodes(long graph, long nodes, long numNodes);

    void cuGraphNodeGetType(long node, long type);

    void cuGraphKernelNodeGetParams_v2(long node, long params);

    void cuGraphInstantiateWithFlags(long execOut, long graph, long flags);

    void cuGraphUpload(long exec, long stream);

    void cuGraphLaunch(long exec, long stream);

    void cuGraphExecDestroy(long exec);

    void cuGraphExecKernelNodeSetParams_v2(long exec, long node, long params);

    void cuGraphExecUpdate_v2(long exec, long graph, long resultInfo);
}
