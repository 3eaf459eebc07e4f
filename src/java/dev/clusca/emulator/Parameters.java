package dev.clusca.emulator;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A kernel's parameters in order, each aligned to its own size as C does. */
public final class Parameters {
    private static final int MAX_BYTES = 4096;

    private final ByteBuffer buffer = ByteBuffer.allocate(MAX_BYTES).order(ByteOrder.LITTLE_ENDIAN);

    /** An address on the device. */
    public Parameters pointer(long address) {
        return i64(address);
    }

    public Parameters i64(long value) {
        align(Long.BYTES).putLong(value);
        return this;
    }

    public Parameters i32(int value) {
        align(Integer.BYTES).putInt(value);
        return this;
    }

    public Parameters f32(float value) {
        align(Float.BYTES).putFloat(value);
        return this;
    }

    public Parameters f64(double value) {
        align(Double.BYTES).putDouble(value);
        return this;
    }

    byte[] bytes() {
        byte[] bytes = new byte[buffer.position()];
        buffer.get(0, bytes);
        return bytes;
    }

    private ByteBuffer align(int bytes) {
        return buffer.position(-Math.floorDiv(-buffer.position(), bytes) * bytes);
    }
}
