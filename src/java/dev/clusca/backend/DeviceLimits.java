package dev.clusca.backend;

/**
 * What a device can do at most.
 *
 * @param bytesPerSecond of its memory
 * @param flopsPerSecond floating-point operations, 2 a multiply-add, in one type
 * @param cacheBytes of its last-level cache, 0 if it does not say
 * @param source where these come from, in words
 */
public record DeviceLimits(double bytesPerSecond, double flopsPerSecond, long cacheBytes, String source) {}
