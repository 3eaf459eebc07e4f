package dev.clusca.measure;

/**
 * What all runs of a model benchmark share.
 *
 * @param model what to call the model
 * @param steps DDIM steps of a run
 * @param guidance classifier-free guidance scale; 1 is none, and runs half the rows
 * @param seed of every random number
 */
public record ModelSettings(String model, int steps, float guidance, long seed) {}
