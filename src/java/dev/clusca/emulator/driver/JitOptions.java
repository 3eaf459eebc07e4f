package dev.clusca.emulator.driver;

import dev.clusca.bindings.cuda.Cuda;
import dev.clusca.bindings.standin.HostMemory;

/**
 * The options of {@code cuModuleLoadDataEx}: pairs of a number and a pointer-sized value. Those that ask for a log or a time are answered;
 * the others steer a compiler that there is not.
 *
 * @param count how many there are
 * @param options address of their numbers, 4 bytes each
 * @param values address of their values, 8 bytes each
 */
record JitOptions(int count, long options, long values) {
    /** Writes a log into the buffer for errors, or the one for information, and notes its size. */
    void log(boolean error, String text) {
        int buffer = find(error ? Cuda.CU_JIT_ERROR_LOG_BUFFER() : Cuda.CU_JIT_INFO_LOG_BUFFER());
        int size = find(error ? Cuda.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES() : Cuda.CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES());
        if (buffer < 0 || size < 0) {
            return;
        }
        int capacity = (int) HostMemory.getLong(values + 8L * size);
        long address = HostMemory.getLong(values + 8L * buffer);
        HostMemory.putText(address, capacity, text);
        HostMemory.putLong(
                values + 8L * size,
                capacity == 0 ? 0 : HostMemory.getText(address).length());
    }

    /** Compiling took no time. */
    void noTime() {
        int time = find(Cuda.CU_JIT_WALL_TIME());
        if (time >= 0) {
            HostMemory.putFloat(values + 8L * time, 0);
        }
    }

    private int find(int option) {
        for (int i = 0; i < count; i++) {
            if (HostMemory.getInt(options + 4L * i) == option) {
                return i;
            }
        }
        return -1;
    }
}
