package dev.clusca.cache;

/** What a sampling step does. */
public enum StepKind {
    /** Computes every token of every layer. */
    FULL,
    /** Forecasts layers from what full steps left in the cache. */
    CACHED
}
