package dev.clusca.emulator.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Little-endian numbers in a byte array. */
public final class Bytes {
    private static final VarHandle SHORTS =
            MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle FLOATS =
            MethodHandles.byteArrayViewVarHandle(float[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle DOUBLES =
            MethodHandles.byteArrayViewVarHandle(double[].class, ByteOrder.LITTLE_ENDIAN);

    private Bytes() {}

    public static short getShort(byte[] bytes, int at) {
        return (short) SHORTS.get(bytes, at);
    }

    public static int getInt(byte[] bytes, int at) {
        return (int) INTS.get(bytes, at);
    }

    public static long getLong(byte[] bytes, int at) {
        return (long) LONGS.get(bytes, at);
    }

    public static float getFloat(byte[] bytes, int at) {
        return (float) FLOATS.get(bytes, at);
    }

    public static double getDouble(byte[] bytes, int at) {
        return (double) DOUBLES.get(bytes, at);
    }

    public static void putShort(byte[] bytes, int at, short value) {
        SHORTS.set(bytes, at, value);
    }

    public static void putInt(byte[] bytes, int at, int value) {
        INTS.set(bytes, at, value);
    }

    public static void putLong(byte[] bytes, int at, long value) {
        LONGS.set(bytes, at, value);
    }

    public static void putFloat(byte[] bytes, int at, float value) {
        FLOATS.set(bytes, at, value);
    }

    public static void putDouble(byte[] bytes, int at, double value) {
        DOUBLES.set(bytes, at, value);
    }
}
