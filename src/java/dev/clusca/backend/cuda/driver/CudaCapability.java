package dev.clusca.backend.cuda.driver;

/** What a provider may lack, be it for want of an entry point in JCuda or in an old driver. */
public enum CudaCapability {
    /** Parameters of one kernel node of an instantiated graph can be changed: drivers for CUDA 12 and newer. */
    KERNEL_NODE_UPDATE("changing a kernel node of an instantiated graph", "CUDA 12.0"),
    /** A loaded function tells offset and size of each parameter: drivers for CUDA 12.4 and newer. */
    PARAMETER_INFO("asking a function for its parameters", "CUDA 12.4"),
    /** Blocks can be launched in clusters: drivers for CUDA 11.8 and newer, devices of compute capability 9.0 and newer. */
    CLUSTER_LAUNCH("launching blocks in clusters", "CUDA 11.8"),
    /** Descriptors for bulk tensor copies can be made: drivers for CUDA 12 and newer, devices of compute capability 9.0 and newer. */
    TENSOR_MAP("tensor maps", "CUDA 12.0");

    private final String meaning;
    private final String since;

    CudaCapability(String meaning, String since) {
        this.meaning = meaning;
        this.since = since;
    }

    /** What it is, as a noun phrase. */
    public String meaning() {
        return meaning;
    }

    /** The CUDA version whose driver has it first. */
    public String since() {
        return since;
    }
}
