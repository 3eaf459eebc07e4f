package dev.clusca.backend.reference;

/** Matrix products with float64 sums. */
final class Product {
    private Product() {}

    /**
     * {@code c += a b}, every sum over the inner extent in one fixed order.
     *
     * <p>The inner loop runs along the columns of {@code b} so that the JIT compiler can vectorise it. It does because {@code b} and {@code c} differ in type, hence cannot
     * be the same array, and because multiplication and addition are apart ({@code Math.fma} of a converted float stays scalar).
     *
     * @param a {@code [rows, inner]}
     * @param b {@code [inner, columns]}
     * @param c {@code [rows, columns]}
     */
    static void add(double[] a, int rows, int inner, float[] b, int columns, double[] c) {
        int k = 0;
        for (; k + 4 <= inner; k += 4) {
            for (int m = 0; m < rows; m++) {
                addFour(a, m * inner + k, b, k * columns, columns, c, m * columns);
            }
        }
        for (; k < inner; k++) {
            for (int m = 0; m < rows; m++) {
                addOne(a[m * inner + k], b, k * columns, columns, c, m * columns);
            }
        }
    }

    private static void addFour(double[] a, int aFrom, float[] b, int b0, int columns, double[] c, int cFrom) {
        double a0 = a[aFrom];
        double a1 = a[aFrom + 1];
        double a2 = a[aFrom + 2];
        double a3 = a[aFrom + 3];
        int b1 = b0 + columns;
        int b2 = b1 + columns;
        int b3 = b2 + columns;
        for (int n = 0; n < columns; n++) {
            c[cFrom + n] = c[cFrom + n] + a0 * b[b0 + n] + a1 * b[b1 + n] + a2 * b[b2 + n] + a3 * b[b3 + n];
        }
    }

    private static void addOne(double a, float[] b, int bFrom, int columns, double[] c, int cFrom) {
        for (int n = 0; n < columns; n++) {
            c[cFrom + n] += a * b[bFrom + n];
        }
    }
}
