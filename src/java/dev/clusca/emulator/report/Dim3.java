package dev.clusca.emulator.report;

/** Three extents, or three coordinates: of a grid, a block, a thread. */
public record Dim3(int x, int y, int z) {
    public static Dim3 of(int x) {
        return new Dim3(x, 1, 1);
    }

    public static Dim3 of(int x, int y) {
        return new Dim3(x, y, 1);
    }

    /** The product, of extents. */
    public long count() {
        return (long) x * y * z;
    }

    /** Coordinates of element {@code index} of a box with these extents, x running fastest. */
    public Dim3 coordinates(long index) {
        return new Dim3((int) (index % x), (int) (index / x % y), (int) (index / x / y));
    }

    @Override
    public String toString() {
        return "(" + x + "," + y + "," + z + ")";
    }
}
