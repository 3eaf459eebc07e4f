package dev.clusca.measure;

/**
 * How fast the device itself was while something was measured, told by short pieces of work of a fixed size: a small product, and where the memory's speed matters a copy.
 *
 * @param micros that the product took, or the copy; 0 if it is not known
 * @param slowed how much longer than at the device's best the more disturbed of them took, as a part
 */
public record DeviceSpeed(double micros, double slowed) {
    static final DeviceSpeed UNKNOWN = new DeviceSpeed(0, 0);

    /** By how much the device's own speed differs from that of an earlier measurement, as a part of the faster: what is no doing of the code, whichever way it went. */
    static double drift(double before, double after) {
        return before > 0 && after > 0 ? Math.max(after / before, before / after) - 1 : 0;
    }
}
