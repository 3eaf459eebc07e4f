package dev.clusca.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.clusca.emulator.ptx.Ptx;
import dev.clusca.emulator.report.Dim3;
import dev.clusca.emulator.report.LaunchReport;
import dev.clusca.random.Philox;
import java.lang.foreign.MemorySegment;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Kernels as nvcc prints them (nvcc/samples.cu beside the resources), against plain Java. */
class CompiledKernelsTest {
    private final Ptx module = Ptx.parse(Planted.text("nvcc/samples.ptx"));
    private final Emulator emulator = Emulator.create(Lanes.SEED, EmulatorOptions.DEFAULT);

    private long upload(float[] values, String label) {
        long address = emulator.allocate(4L * values.length, label);
        emulator.write(address, MemorySegment.ofArray(values));
        return address;
    }

    private long upload(short[] values, String label) {
        long address = emulator.allocate(2L * values.length, label);
        emulator.write(address, MemorySegment.ofArray(values));
        return address;
    }

    private static float[] values(int count, int stream) {
        float[] values = new float[count];
        for (int k = 0; k < count; k++) {
            values[k] = Philox.draw(Lanes.SEED, k, stream, 7, 0) * 0x1p-31f;
        }
        return values;
    }

    private static short[] bf16(float[] values) {
        short[] bits = new short[values.length];
        for (int k = 0; k < bits.length; k++) {
            bits[k] = (short) (Float.floatToRawIntBits(values[k]) >>> 16);
        }
        return bits;
    }

    private static float wide(short bf16) {
        return Float.intBitsToFloat(bf16 << 16);
    }

    @Test
    void saxpyIsExactAndTouchesNothingElse() {
        int n = 1000;
        float[] x = values(n, 1);
        float[] y = values(n, 2);
        long yAddress = upload(y, "y");
        LaunchReport report = emulator.launch(
                        module,
                        "saxpy",
                        Dim3.of(8),
                        Dim3.of(128),
                        0,
                        new Parameters()
                                .pointer(upload(x, "x"))
                                .pointer(yAddress)
                                .f32(3)
                                .i32(n))
                .orThrow();
        float[] result = new float[n];
        emulator.read(yAddress, MemorySegment.ofArray(result));
        for (int k = 0; k < n; k++) {
            assertThat(result[k]).isEqualTo(Math.fma(x[k], 3, y[k]));
        }
        assertThat(report.total().globalLoadBytes()).isEqualTo(8L * n);
        assertThat(report.total().globalStoreBytes()).isEqualTo(4L * n);
    }

    @Test
    void layerNormIsWithinBf16() {
        int rows = 5;
        int c = 194;
        short[] x = bf16(values(rows * c, 3));
        float[] shift = values(c, 4);
        float[] scale = values(c, 5);
        long y = emulator.allocate(2L * x.length, "y");
        emulator.launch(
                        module,
                        "layer_norm",
                        Dim3.of(rows),
                        Dim3.of(96),
                        0,
                        new Parameters()
                                .pointer(upload(x, "x"))
                                .pointer(upload(shift, "shift"))
                                .pointer(upload(scale, "scale"))
                                .pointer(y)
                                .i32(c))
                .orThrow();
        short[] result = new short[x.length];
        emulator.read(y, MemorySegment.ofArray(result));
        for (int row = 0; row < rows; row++) {
            double sum = 0;
            double squares = 0;
            for (int k = 0; k < c; k++) {
                sum += wide(x[row * c + k]);
                squares += (double) wide(x[row * c + k]) * wide(x[row * c + k]);
            }
            double mean = sum / c;
            double r = 1 / Math.sqrt(squares / c - mean * mean + 1e-6);
            for (int k = 0; k < c; k++) {
                double expected = (wide(x[row * c + k]) - mean) * r * (1 + scale[k]) + shift[k];
                assertThat((double) wide(result[row * c + k]))
                        .isCloseTo(expected, within(Math.abs(expected) / 128 + 1e-4));
            }
        }
    }

    @Test
    void matrixProductMasksRaggedRows() {
        int m = 37;
        int k = 48;
        short[] a = bf16(values(m * k, 6));
        short[] b = bf16(values(8 * k, 7));
        long c = emulator.allocate(4L * m * 8, "c");
        LaunchReport report = emulator.launch(
                        module,
                        "gemm",
                        Dim3.of(3),
                        Dim3.of(32),
                        0,
                        new Parameters()
                                .pointer(upload(a, "a"))
                                .pointer(upload(b, "b"))
                                .pointer(c)
                                .i32(m)
                                .i32(k))
                .orThrow();
        float[] result = new float[m * 8];
        emulator.read(c, MemorySegment.ofArray(result));
        for (int row = 0; row < m; row++) {
            for (int column = 0; column < 8; column++) {
                double expected = 0;
                for (int j = 0; j < k; j++) {
                    expected += (double) wide(a[row * k + j]) * wide(b[column * k + j]);
                }
                assertThat((double) result[row * 8 + column]).isCloseTo(expected, within(1e-5));
            }
        }
        // Rows of 48 bytes: eight of them fall into different banks, so ldmatrix has no conflict; four pairs of halves,
        // as cp.async writes them, overlap in one.
        report.lines().values().forEach(line -> {
            if (line.instruction().startsWith("ldmatrix")) {
                assertThat(line.counts().extraWavefronts()).isZero();
            }
        });
        assertThat(report.total().extraWavefronts()).isEqualTo(3 * 3 * (4 + 2));
    }

    @Test
    void theMathLibraryIsWithinItsError() {
        int n = 5;
        int threads = 64;
        float[] f = new float[threads];
        long[] l = new long[threads];
        double[] d = new double[threads];
        Arrays.setAll(l, t -> t * 1234567890123L - 17);
        for (int t = 0; t < threads; t++) {
            f[t] = t * 0.03f;
            d[t] = t * 0.1;
        }
        long fAddress = upload(f, "f");
        long lAddress = emulator.allocate(8L * threads, "l");
        long dAddress = emulator.allocate(8L * threads, "d");
        emulator.write(lAddress, MemorySegment.ofArray(l));
        emulator.write(dAddress, MemorySegment.ofArray(d));
        emulator.launch(
                        module,
                        "mathematics",
                        Dim3.of(1),
                        Dim3.of(threads),
                        0,
                        new Parameters()
                                .pointer(fAddress)
                                .pointer(lAddress)
                                .pointer(dAddress)
                                .i32(n))
                .orThrow();
        float[] newF = new float[threads];
        long[] newL = new long[threads];
        double[] newD = new double[threads];
        emulator.read(fAddress, MemorySegment.ofArray(newF));
        emulator.read(lAddress, MemorySegment.ofArray(newL));
        emulator.read(dAddress, MemorySegment.ofArray(newD));
        for (int t = 0; t < threads; t++) {
            float x = f[t];
            double expected = Math.exp(x)
                    + Math.log(x + 2)
                    + Math.tanh(x)
                    + Math.pow(x + 1, 2.5)
                    + Math.sin(x * 1e6f)
                    + Math.cos(x)
                    + erf(x)
                    + x * n
                    + 2
                    + Math.floor(x + 0.5)
                    - x
                    + x % 0.3f;
            assertThat((double) newF[t])
                    .as("thread %d", t)
                    .isCloseTo(expected, within(2e-5 * (1 + Math.abs(expected))));
            assertThat(newL[t])
                    .isEqualTo(l[t] / n
                            + l[t] % 3
                            + (long) x
                            + Long.bitCount(l[t])
                            + (l[t] == 0 ? 0 : Long.numberOfTrailingZeros(l[t]) + 1));
            assertThat(newD[t]).isCloseTo(Math.fma(d[t], x, Math.sqrt(d[t])) + Math.exp(-d[t]), within(1e-13));
        }
    }

    /** The error function by its Taylor series, good for the small arguments here. */
    private static double erf(double x) {
        double term = x;
        double sum = x;
        for (int k = 1; k < 60; k++) {
            term *= -x * x / k;
            sum += term / (2 * k + 1);
        }
        return sum * 2 / Math.sqrt(Math.PI);
    }

    @Test
    void helpersGiveWhatTheirNamesSay() {
        int n = 32;
        int[] p = new int[n + 2];
        for (int t = 0; t < n; t++) {
            p[t] = Philox.draw(Lanes.SEED, t, 8, 0, 0) >> (t % 3 == 0 ? 28 : 3);
        }
        long pAddress = emulator.allocate(4L * p.length, "p");
        long qAddress = emulator.allocate(4L * (n + 1), "q");
        emulator.write(pAddress, MemorySegment.ofArray(p));
        emulator.write(qAddress, MemorySegment.ofArray(new int[n + 1]));
        emulator.launch(
                        module,
                        "helpers",
                        Dim3.of(1),
                        Dim3.of(n),
                        0,
                        new Parameters().pointer(pAddress).pointer(qAddress).i32(n))
                .orThrow();
        int[] newP = new int[n + 2];
        int[] newQ = new int[n + 1];
        emulator.read(pAddress, MemorySegment.ofArray(newP));
        emulator.read(qAddress, MemorySegment.ofArray(newQ));
        int ballot = 0;
        int sum = 0;
        int above = 0;
        for (int t = 0; t < n; t++) {
            ballot |= p[t] > 0 ? 1 << t : 0;
            sum += p[t];
            above += p[t] > 3 ? 1 : 0;
        }
        for (int t = 0; t < n; t++) {
            int v = p[t];
            int match = 0;
            for (int other = 0; other < n; other++) {
                match |= p[other] == v ? 1 << other : 0;
            }
            int expected = ballot
                    ^ match
                    ^ sum
                    ^ Integer.bitCount(v)
                    ^ Integer.numberOfLeadingZeros(v)
                    ^ Integer.reverse(v)
                    ^ (v == 0 ? 0 : Integer.numberOfTrailingZeros(v) + 1)
                    ^ bytes(v, ballot, 0x3210 + t)
                    ^ (int) (((long) ballot << 32 | v & 0xffffffffL) << t >>> 32)
                    ^ (int) ((v & 0xffffffffL) * (ballot & 0xffffffffL) >>> 32)
                    ^ (int) ((long) v * t >> 32)
                    ^ p[t + 3 < 32 ? t + 3 : t]
                    ^ p[t % 8 >= 3 ? t - 3 : t];
            assertThat(newQ[t]).as("thread %d", t).isEqualTo(expected);
            assertThat(newP[t]).isEqualTo(above);
        }
        assertThat(newP[n]).isEqualTo(sum);
        assertThat(newP[n + 1])
                .isEqualTo(Math.min(0, Arrays.stream(p, 0, n).min().orElseThrow()));
    }

    @Test
    void blocksAndTilesOfLanesWorkTogether() {
        int n = 20 * 64;
        long p = emulator.allocate(4L * n, "p");
        emulator.launchCooperative(module, "groups", Dim3.of(20), Dim3.of(64), 0, new Parameters().pointer(p))
                .orThrow();
        int[] result = new int[n];
        emulator.read(p, MemorySegment.ofArray(result));
        for (int rank = 0; rank < n; rank++) {
            int any = 0;
            for (int lane = rank & -8; lane < (rank & -8) + 8; lane++) {
                any |= (lane + 64) % n % 13 == 0 ? 1 : 0;
            }
            assertThat(result[rank]).isEqualTo(10 * ((rank + 64) % n) + any + 100_000 * ((rank ^ 5) % 8));
        }
    }

    @Test
    void structuresAreReadAtAnyIndex() {
        long out = emulator.allocate(128, "out");
        ByteBuffer parameters = ByteBuffer.allocate(56).order(ByteOrder.LITTLE_ENDIAN);
        parameters.putInt(0, 100).putLong(32, 1000).putLong(40, out).putInt(48, 2);
        for (int k = 0; k < 6; k++) {
            parameters.putFloat(4 + 4 * k, k);
        }
        emulator.launch(module, "structure", Dim3.of(1), Dim3.of(32), 0, parameters.array(), false)
                .orThrow();
        float[] result = new float[32];
        emulator.read(out, MemorySegment.ofArray(result));
        for (int t = 0; t < 32; t++) {
            assertThat(result[t]).isEqualTo(1100 + (2 + t) % 6);
        }
    }

    @Test
    void genericPointersReachSharedAndLocalMemory() {
        long out = emulator.allocate(128, "out");
        for (int n : new int[] {0, 3}) {
            emulator.launch(
                            module,
                            "generic",
                            Dim3.of(1),
                            Dim3.of(32),
                            0,
                            new Parameters().pointer(out).i32(n))
                    .orThrow();
            float[] result = new float[32];
            emulator.read(out, MemorySegment.ofArray(result));
            for (int t = 0; t < 32; t++) {
                assertThat(result[t]).isEqualTo(n * (n & 3) + t);
            }
        }
    }

    @Test
    void pairsOfBf16AreRoundedOnce() {
        short[] a = bf16(values(64, 9));
        short[] b = bf16(values(64, 10));
        long out = emulator.allocate(128, "out");
        emulator.launch(
                        module,
                        "pairs",
                        Dim3.of(1),
                        Dim3.of(32),
                        0,
                        new Parameters()
                                .pointer(upload(a, "a"))
                                .pointer(upload(b, "b"))
                                .pointer(out))
                .orThrow();
        short[] result = new short[64];
        emulator.read(out, MemorySegment.ofArray(result));
        for (int k = 0; k < 64; k++) {
            float x = wide(a[k]);
            float y = wide(b[k]);
            BigDecimal exact = new BigDecimal(x).multiply(new BigDecimal(y)).add(new BigDecimal(Math.max(x, -y)));
            double error = exact.subtract(new BigDecimal(wide(result[k]))).abs().doubleValue();
            // Half a unit of bf16's 8 bits.
            assertThat(error).isLessThanOrEqualTo(Math.ulp(wide(result[k])) * 0x1p15);
        }
    }

    /** {@code __byte_perm}, which ignores the sign bits of the selector. */
    private static int bytes(int a, int b, int selector) {
        int result = 0;
        for (int k = 0; k < 4; k++) {
            int which = selector >>> 4 * k & 7;
            int from = which < 4 ? a : b;
            int value = from >>> 8 * (which & 3) & 255;
            result |= value << 8 * k;
        }
        return result;
    }
}
