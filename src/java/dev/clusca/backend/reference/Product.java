package dev.clusca.backend.reference;

/** Matrix products with float64 sums. */
final class Product {
    private Product() {}

    /** Rows of {@code b} that are added at once. */
    private static final int STEP = 4;

    /**
     * {@code c += a b}, every sum over the inner extent in one fixed order.
     *
     * <p>The inner loops run along the columns of {@code b} so that the JIT compiler can vectorise them. It does because rows are arrays of their own, indexed alike, and because
     * multiplication and addition are apart ({@code Math.fma} of a converted float stays scalar). Rows of {@code b} are widened once for all rows of {@code a}, and two of these
     * share what is loaded.
     *
     * @param a {@code [rows][inner]}
     * @param b {@code [inner, columns]}
     * @param c {@code [rows][columns]}
     */
    static void add(double[][] a, float[] b, double[][] c) {
        int rows = c.length;
        int inner = a[0].length;
        int columns = c[0].length;
        double[][] w = new double[STEP][columns];
        int k = 0;
        for (; k + STEP <= inner; k += STEP) {
            for (int i = 0; i < STEP; i++) {
                widen(b, (k + i) * columns, w[i]);
            }
            int m = 0;
            for (; m + 2 <= rows; m += 2) {
                addFour(a[m], a[m + 1], k, w[0], w[1], w[2], w[3], c[m], c[m + 1]);
            }
            if (m < rows) {
                addFour(a[m], k, w[0], w[1], w[2], w[3], c[m]);
            }
        }
        for (; k < inner; k++) {
            for (int m = 0; m < rows; m++) {
                addOne(a[m][k], b, k * columns, c[m]);
            }
        }
    }

    private static void widen(float[] b, int from, double[] w) {
        for (int n = 0; n < w.length; n++) {
            w[n] = b[from + n];
        }
    }

    /** Two rows. */
    private static void addFour(
            double[] a, double[] b, int k, double[] w0, double[] w1, double[] w2, double[] w3, double[] c, double[] d) {
        double a0 = a[k];
        double a1 = a[k + 1];
        double a2 = a[k + 2];
        double a3 = a[k + 3];
        double b0 = b[k];
        double b1 = b[k + 1];
        double b2 = b[k + 2];
        double b3 = b[k + 3];
        for (int n = 0; n < c.length; n++) {
            double v0 = w0[n];
            double v1 = w1[n];
            double v2 = w2[n];
            double v3 = w3[n];
            c[n] = c[n] + a0 * v0 + a1 * v1 + a2 * v2 + a3 * v3;
            d[n] = d[n] + b0 * v0 + b1 * v1 + b2 * v2 + b3 * v3;
        }
    }

    /** One row. */
    private static void addFour(double[] a, int k, double[] w0, double[] w1, double[] w2, double[] w3, double[] c) {
        double a0 = a[k];
        double a1 = a[k + 1];
        double a2 = a[k + 2];
        double a3 = a[k + 3];
        for (int n = 0; n < c.length; n++) {
            c[n] = c[n] + a0 * w0[n] + a1 * w1[n] + a2 * w2[n] + a3 * w3[n];
        }
    }

    private static void addOne(double a, float[] b, int from, double[] c) {
        for (int n = 0; n < c.length; n++) {
            c[n] += a * b[from + n];
        }
    }
}
