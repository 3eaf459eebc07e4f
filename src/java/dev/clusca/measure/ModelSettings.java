package dev.clusca.measure;

/**
 * What all runs of a model benchmark share.
 *
 * @param model what to call the model
 * @param steps DDIM steps of a run
 * @param guidance classifier-free guidance scale; 1 is none, and runs half the rows
 * @param seed of every random number
 * @param rounds how often each run is made, all of them in turns
 */
public record ModelSettings(String model, int steps, float guidance, long seed, int rounds) {
    public ModelSettings {
        if (rounds < 1) {
            throw new IllegalArgumentException("a benchmark has at least 1 round, got " + rounds);
        }
    }
}
