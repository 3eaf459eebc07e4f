package dev.clusca.emulator.driver;

import dev.clusca.bindings.standin.HostFunctions;
import dev.clusca.bindings.standin.HostMemory;
import dev.clusca.emulator.memory.DeviceMemory;
import dev.clusca.emulator.report.Dim3;
import java.lang.foreign.MemorySegment;

/** What a stream or a graph node does. Immutable, so that it can be run at any later time, and more than once. */
sealed interface Operation {
    Operation NOTHING = new Nothing();

    void run();

    /** A kernel with everything a launch gave it, its parameters laid out as in the PTX. */
    record Kernel(EmulatedFunction function, LaunchShape shape, byte[] parameters) implements Operation {
        @Override
        public void run() {
            function.run(shape, parameters);
        }
    }

    /**
     * Grid, block and dynamic shared memory in bytes.
     *
     * @param cooperative whether all blocks are resident at once, so that they may wait for one another
     */
    record LaunchShape(Dim3 grid, Dim3 block, int sharedBytes, boolean cooperative) {}

    /** Fills with the lowest {@code width} bytes of a pattern. */
    record Fill(DeviceMemory memory, long to, int pattern, int width, long count) implements Operation {
        @Override
        public void run() {
            memory.fill(to, pattern, width, count);
        }
    }

    /** Copies rows; bytes between the rows stay as they are. Sides that are on the host are addresses of the calling program. */
    record Copy(DeviceMemory memory, Side to, Side from, long rowBytes, long rows) implements Operation {
        @Override
        public void run() {
            for (long row = 0; row < rows; row++) {
                long target = to.address(row);
                long source = from.address(row);
                if (to.onDevice() && from.onDevice()) {
                    memory.copy(target, source, rowBytes);
                } else if (to.onDevice()) {
                    memory.write(target, HostMemory.segment(source, rowBytes));
                } else if (from.onDevice()) {
                    memory.read(source, HostMemory.segment(target, rowBytes));
                } else {
                    HostMemory.segment(target, rowBytes).copyFrom(HostMemory.segment(source, rowBytes));
                }
            }
        }
    }

    /** One side of a copy: where its first row begins, and how many bytes lie between the beginnings of rows. */
    record Side(boolean onDevice, long address, long pitch) {
        long address(long row) {
            return address + row * pitch;
        }
    }

    /** Copies rows that were taken from the calling program when it called, one right after the other. */
    record Staged(DeviceMemory memory, Side to, long rowBytes, MemorySegment taken) implements Operation {
        static Staged take(DeviceMemory memory, Side to, Side from, long rowBytes, long rows) {
            MemorySegment taken = MemorySegment.ofArray(new byte[Math.toIntExact(rowBytes * rows)]);
            for (long row = 0; row < rows; row++) {
                taken.asSlice(row * rowBytes, rowBytes).copyFrom(HostMemory.segment(from.address(row), rowBytes));
            }
            return new Staged(memory, to, rowBytes, taken);
        }

        @Override
        public void run() {
            for (long row = 0; row * rowBytes < taken.byteSize(); row++) {
                memory.write(to.address(row), taken.asSlice(row * rowBytes, rowBytes));
            }
        }
    }

    /** Calls a function of the calling program. */
    record HostCall(long callback, long userData) implements Operation {
        @Override
        public void run() {
            HostFunctions.run(callback, userData);
        }
    }

    /** Gives memory back in stream order. */
    record Free(EmulatedContext context, DeviceMemory memory, long address) implements Operation {
        @Override
        public void run() {
            context.free(memory, address);
        }
    }

    /** Does nothing but keep an order. */
    record Nothing() implements Operation {
        @Override
        public void run() {}
    }
}
