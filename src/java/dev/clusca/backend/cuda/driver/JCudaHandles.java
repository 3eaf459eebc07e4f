package dev.clusca.backend.cuda.driver;

import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUfunction;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstream;
import jcuda.jcublas.cublasHandle;

/**
 * JCuda's handle classes with their value in the open. JCuda keeps it in a private field that its own native code sets; the getter is protected, so a subclass reads it. Only pointers can be made from a value.
 */
final class JCudaHandles {
    private JCudaHandles() {}

    /** An object of JCuda's that knows its raw handle. */
    interface Raw {
        /** The raw handle, 0 until JCuda has set it. */
        long raw();
    }

    /** A host address. JCuda treats it as native memory and does not look for a Java array behind it. */
    static final class HostAddress extends Pointer implements Raw {
        HostAddress() {}

        HostAddress(long address) {
            super(address);
        }

        @Override
        public long raw() {
            return getNativePointer() + getByteOffset();
        }
    }

    /** A device address. */
    static final class DeviceAddress extends CUdeviceptr implements Raw {
        private static final CUdeviceptr ZERO = new CUdeviceptr();

        DeviceAddress() {}

        DeviceAddress(long address) {
            super(ZERO, address);
        }

        @Override
        public long raw() {
            return getNativePointer() + getByteOffset();
        }
    }

    static final class Context extends CUcontext implements Raw {
        @Override
        public long raw() {
            return getNativePointer();
        }
    }

    static final class Module extends CUmodule implements Raw {
        @Override
        public long raw() {
            return getNativePointer();
        }
    }

    static final class Function extends CUfunction implements Raw {
        @Override
        public long raw() {
            return getNativePointer();
        }
    }

    static final class Stream extends CUstream implements Raw {
        @Override
        public long raw() {
            return getNativePointer();
        }
    }

    static final class Event extends CUevent implements Raw {
        @Override
        public long raw() {
            return getNativePointer();
        }
    }

    static final class Graph extends CUgraph implements Raw {
        @Override
        public long raw() {
            return getNativePointer();
        }
    }

    /** A handle of JCublas. */
    static final class Blas extends cublasHandle implements Raw {
        @Override
        public long raw() {
            return getNativePointer();
        }
    }

    static final class GraphInstance extends CUgraphExec implements Raw {
        @Override
        public long raw() {
            return getNativePointer();
        }
    }
}
