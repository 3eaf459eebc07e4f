package dev.clusca.bindings.cpu;

/** A kernel met contents that it cannot work with; the message says which, and what is expected. */
public final class CpuKernelException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CpuKernelException(String message) {
        super(message);
    }

    /** @param status not OK, of {@code enum status} in {@code kernels.h} */
    static CpuKernelException of(int status) {
        return new CpuKernelException(
                switch (status) {
                    case 1 ->
                        "the step table's cursor is outside its rows; set it to 0 before the first step, and make one row for every step";
                    case 2 ->
                        "a batch row's condition is outside the modulation table; conditions are 0 to the table's number of conditions - 1";
                    case 3 -> "an index or label is outside its range; an index is -1 to N - 1, a label 0 to K - 1";
                    case 4 ->
                        "the step table's number of ladder terms is not 1 to the ladder's number of planes; give the ladder order + 1 planes";
                    case 5 -> "the step adds noise but no noise was given; give a noise tensor, or a NOISE_WEIGHT of 0";
                    default ->
                        "kernel status " + status + " has no meaning here; build Java and C from the same sources";
                });
    }
}
