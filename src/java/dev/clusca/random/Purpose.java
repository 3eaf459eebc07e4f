package dev.clusca.random;

/** What a random number is for: the top byte of a draw's fourth counter word, so that no two uses share a number. The order is part of the format. */
public enum Purpose {
    /** Noise that sampling starts from. */
    INITIAL_NOISE,
    /** Noise that a stochastic sampler adds in a step. */
    STEP_NOISE,
    /** The tokens that become the first centroids of a clustering. */
    FIRST_CENTROIDS,
    /** The representative token of each cluster. */
    REPRESENTATIVE;

    /** The fourth counter word: {@code step | purpose << 24}. */
    public int word(int step) {
        if (step < 0 || step >= 1 << 24) {
            throw new IllegalArgumentException(
                    "step " + step + " does not fit the 24 bits that a draw's counter has for it");
        }
        return step | ordinal() << 24;
    }
}
