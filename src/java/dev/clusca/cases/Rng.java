package dev.clusca.cases;

import dev.clusca.random.Philox;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/** Seeded numbers for one array of one case: they depend on the seed and on the array's full name, so a case that runs alone sees the data that it saw among others. */
public final class Rng {
    private final long seed;
    private final int stream;
    private int next;

    public Rng(long seed, String name) {
        this.seed = seed;
        CRC32 crc = new CRC32();
        crc.update(name.getBytes(StandardCharsets.UTF_8));
        this.stream = (int) crc.getValue();
    }

    /** 32 random bits. */
    public int bits() {
        return Philox.draw(seed, next++, stream, 0, 0);
    }

    /** 0 to bound - 1. */
    public int below(int bound) {
        return Integer.remainderUnsigned(bits(), bound);
    }

    /** Uniform in [0, 1). */
    public float unit() {
        return (bits() >>> 8) * 0x1p-24f;
    }

    /** Bell-shaped with mean 0 and deviation 1: a sum of four uniforms, no transcendental functions. */
    public float bell() {
        int a = bits();
        int b = bits();
        int sum = (a & 0xffff) + (a >>> 16) + (b & 0xffff) + (b >>> 16);
        return (sum - 2 * 65535) * (float) (Math.sqrt(3) / 65536);
    }
}
