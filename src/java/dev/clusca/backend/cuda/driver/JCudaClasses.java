package dev.clusca.backend.cuda.driver;

import dev.clusca.bindings.NativeUnavailableException;

/** Whether a program has JCuda and JCublas on its class path. Asked before any class that names theirs is linked, which fails without them. */
public final class JCudaClasses {
    private static final String DRIVER = "jcuda/driver/JCudaDriver.class";
    private static final String CUBLAS = "jcuda/jcublas/JCublas2.class";

    private JCudaClasses() {}

    static boolean arePresent() {
        return isPresent(DRIVER);
    }

    /**
     * Returns if JCuda is there.
     *
     * @throws NativeUnavailableException if it is not
     */
    static void require() {
        require(DRIVER, "org.jcuda:jcuda", "-D" + CudaDrivers.PROPERTY + "=" + FfmDriver.NAME);
    }

    /**
     * Returns if JCublas is there.
     *
     * @throws NativeUnavailableException if it is not
     */
    public static void requireCublas() {
        require(CUBLAS, "org.jcuda:jcublas", "clusca's own kernels, -Dclusca.cuda.gemm=own, or cuBLASLt");
    }

    private static void require(String name, String artifact, String instead) {
        if (!isPresent(name)) {
            throw new NativeUnavailableException(
                    "the class path has no " + artifact,
                    "it, and its natives",
                    "add both, which clusca's dependencies bring, or use " + instead,
                    null);
        }
    }

    private static boolean isPresent(String name) {
        return JCudaClasses.class.getClassLoader().getResource(name) != null;
    }
}
