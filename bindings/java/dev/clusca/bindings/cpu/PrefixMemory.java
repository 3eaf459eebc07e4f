package dev.clusca.bindings.cpu;

/** {@code struct prefix}: addresses and extents of what the prefix order keeps beside the ladders. */
public record PrefixMemory(
        long labels,
        long representatives,
        long retained,
        long rows,
        long propagated,
        long spread,
        long layers,
        long batchRows,
        long tokens,
        long clusters,
        long width,
        double ratio) {}
