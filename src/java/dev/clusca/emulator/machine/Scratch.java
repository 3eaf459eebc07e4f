package dev.clusca.emulator.machine;

/** Room for a whole warp's results before those of the active lanes are kept; one for each host thread. */
public final class Scratch {
    public final int[] i = new int[Warp.LANES];
    public final float[] f = new float[Warp.LANES];
    public final long[] l = new long[Warp.LANES];
    public final double[] d = new double[Warp.LANES];
    /** Addresses of a memory instruction's lanes. */
    public final long[] addresses = new long[Warp.LANES];

    /** The tiles of an mma.sync: 16 x k, k x 8 and 16 x 8 numbers. */
    public final float[] matrixA = new float[16 * 16];

    public final float[] matrixB = new float[16 * 8];
    public final float[] matrixC = new float[16 * 8];
}
