package dev.clusca.bindings.blas;

/**
 * A product {@code out[M, N] = epilogue(a[M, K] weight[N, K]^T + bias[N])}, all row-major and dense.
 *
 * @param m rows of a and of the output
 * @param n rows of the weights: width of the output
 * @param k width of a and of the weights
 * @param input type of a and of the weights
 * @param output type of the output, and of the bias: "bias vector elements are the same type as the elements of output matrix", says cublasLt.h of CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE
 * @param epilogue what is done to the sums
 * @param alignA the power of two, up to 256, that divides a's address; likewise the others
 */
public record LtShape(
        long m,
        long n,
        long k,
        LtType input,
        LtType output,
        LtEpilogue epilogue,
        int alignA,
        int alignWeight,
        int alignOut) {
    private static final int MOST = 256;

    /** The same for these addresses. */
    public static LtShape at(
            long m, long n, long k, LtType input, LtType output, LtEpilogue epilogue, long a, long weight, long out) {
        return new LtShape(m, n, k, input, output, epilogue, alignment(a), alignment(weight), alignment(out));
    }

    private static int alignment(long address) {
        return (int) Long.lowestOneBit(address | MOST);
    }

    @Override
    public String toString() {
        return "a product " + m + "x" + k + "x" + n + " of " + input + " to " + output + " with epilogue " + epilogue;
    }
}
