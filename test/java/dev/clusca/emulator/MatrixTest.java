package dev.clusca.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.clusca.emulator.ptx.Ptx;
import dev.clusca.emulator.report.Dim3;
import dev.clusca.random.Philox;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** mma.sync against a plain product, with fragments built here from the PTX manual's tables; ldmatrix against its definition. */
class MatrixTest {
    private static final int N = 8;
    private static final int M = 16;

    @ParameterizedTest
    @CsvSource({"16, bf16", "8, bf16", "16, f16", "8, tf32"})
    void multiplies(int depth, String type) {
        float[] a = values(M * depth, 1, type);
        float[] b = values(depth * N, 2, type);
        float[] c = values(M * N, 3, "f32");
        int perRegister = type.equals("tf32") ? 1 : 2;
        int registersA = M * depth / 32 / perRegister;
        int registersB = depth * N / 32 / perRegister;
        int[] fragments = new int[32 * (registersA + registersB + 4)];
        for (int lane = 0; lane < 32; lane++) {
            for (int r = 0; r < registersA; r++) {
                int row = lane / 4 + 8 * (r % 2);
                int k = lane % 4 * perRegister + depth / 2 * (registersA == 4 ? r / 2 : 0);
                fragments[r * 32 + lane] = packed(a, row * depth + k, 1, type);
            }
            for (int r = 0; r < registersB; r++) {
                int k = lane % 4 * perRegister + depth / 2 * r;
                fragments[(registersA + r) * 32 + lane] = packed(b, k * N + lane / 4, N, type);
            }
            for (int r = 0; r < 4; r++) {
                int at = (lane / 4 + 8 * (r / 2)) * N + lane % 4 * 2 + r % 2;
                fragments[(registersA + registersB + r) * 32 + lane] = Float.floatToRawIntBits(c[at]);
            }
        }
        int[] results = run(kernel(depth, type, registersA, registersB), fragments, 128);
        for (int lane = 0; lane < 32; lane++) {
            for (int r = 0; r < 4; r++) {
                int row = lane / 4 + 8 * (r / 2);
                int column = lane % 4 * 2 + r % 2;
                double expected = c[row * N + column];
                double size = Math.abs(expected);
                for (int k = 0; k < depth; k++) {
                    double term = (double) a[row * depth + k] * b[k * N + column];
                    expected += term;
                    size += Math.abs(term);
                }
                assertThat((double) Float.intBitsToFloat(results[r * 32 + lane]))
                        .as("row %d, column %d, -Dclusca.seed=%d", row, column, Lanes.SEED)
                        .isCloseTo(expected, within(size * depth * 0x1p-24));
            }
        }
    }

    private static String kernel(int depth, String type, int registersA, int registersB) {
        StringBuilder load = new StringBuilder();
        for (int r = 0; r < registersA + registersB; r++) {
            load.append("ld.global.u32 %r")
                    .append(10 + r)
                    .append(", [%rd2+")
                    .append(r * 128)
                    .append("];\n");
        }
        for (int r = 0; r < 4; r++) {
            load.append("ld.global.f32 %f")
                    .append(r)
                    .append(", [%rd2+")
                    .append((registersA + registersB + r) * 128)
                    .append("];\n");
        }
        String accumulators = "{%f0, %f1, %f2, %f3}";
        load.append("mma.sync.aligned.m16n8k")
                .append(depth)
                .append(".row.col.f32.")
                .append(type)
                .append('.')
                .append(type)
                .append(".f32 ")
                .append(accumulators)
                .append(", ")
                .append(group(10, registersA))
                .append(", ")
                .append(group(10 + registersA, registersB))
                .append(", ")
                .append(accumulators)
                .append(";\n");
        for (int r = 0; r < 4; r++) {
            load.append("st.global.f32 [%rd1+")
                    .append(r * 128)
                    .append("], %f")
                    .append(r)
                    .append(";\n");
        }
        return load.toString();
    }

    private static String group(int first, int count) {
        StringBuilder group = new StringBuilder("{");
        for (int r = first; r < first + count; r++) {
            group.append(r == first ? "" : ", ").append("%r").append(r);
        }
        return group.append('}').toString();
    }

    @ParameterizedTest
    @ValueSource(strings = {"x1", "x2", "x4", "x1.trans", "x2.trans", "x4.trans"})
    void loadsMatrices(String form) {
        int count = form.charAt(1) - '0';
        boolean transposed = form.endsWith("trans");
        int[] words = new int[128];
        for (int k = 0; k < words.length; k++) {
            words[k] = 2 * k | 2 * k + 1 << 16;
        }
        // Word i of the tile goes to shared byte 4 i; lane l gives the address of row l, 16 bytes each.
        StringBuilder body = new StringBuilder("mov.u32 %r2, tile; shl.b32 %r3, %r1, 2; add.s32 %r3, %r3, %r2;\n");
        for (int r = 0; r < 4; r++) {
            body.append("ld.global.u32 %r4, [%rd2+")
                    .append(r * 128)
                    .append("]; st.shared.u32 [%r3+")
                    .append(r * 128)
                    .append("], %r4;\n");
        }
        body.append("bar.warp.sync -1; shl.b32 %r5, %r1, 4; and.b32 %r5, %r5, ")
                .append(count * 128 - 1)
                .append("; add.s32 %r5, %r5, %r2;\nldmatrix.sync.aligned.m8n8.")
                .append(form)
                .append(".shared.b16 ")
                .append(group(10, count))
                .append(", [%r5];\n");
        for (int r = 0; r < count; r++) {
            body.append("st.global.u32 [%rd1+")
                    .append(r * 128)
                    .append("], %r")
                    .append(10 + r)
                    .append(";\n");
        }
        int[] results = run(body.toString(), words, 32 * count);
        for (int matrix = 0; matrix < count; matrix++) {
            for (int lane = 0; lane < 32; lane++) {
                int row = lane / 4;
                int column = lane % 4 * 2;
                int low = transposed ? element(matrix, column, row) : element(matrix, row, column);
                int high = transposed ? element(matrix, column + 1, row) : element(matrix, row, column + 1);
                assertThat(results[matrix * 32 + lane]).isEqualTo(low | high << 16);
            }
        }
    }

    @Test
    void needsTheWholeWarp() {
        Ptx module = module(
                "setp.gt.u32 %p1, %r1, 3; @%p1 mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32 {%f0, %f1, %f2, %f3}, "
                        + "{%r1, %r1}, {%r1}, {0f00000000, 0f00000000, 0f00000000, 0f00000000};");
        Emulator emulator = Emulator.create(1, EmulatorOptions.DEFAULT);
        long out = emulator.allocate(128, "out");
        assertThat(emulator.launch(
                                module,
                                "k",
                                Dim3.of(1),
                                Dim3.of(32),
                                0,
                                new Parameters().pointer(out).pointer(out))
                        .faults())
                .singleElement()
                .asString()
                .contains("lanes 4-31 are here, lanes 0-3 are not: their predicate is false or their mask another");
    }

    /** The number that the tile holds at a place: its own index. */
    private static int element(int matrix, int row, int column) {
        return matrix * 64 + row * 8 + column;
    }

    private static int[] run(String body, int[] in, int results) {
        Emulator emulator = Emulator.create(Lanes.SEED, EmulatorOptions.DEFAULT);
        long out = emulator.allocate(4L * results, "out");
        long input = emulator.allocate(4L * in.length, "in");
        emulator.write(input, MemorySegment.ofArray(in));
        emulator.launch(
                        module(body),
                        "k",
                        Dim3.of(1),
                        Dim3.of(32),
                        0,
                        new Parameters().pointer(out).pointer(input))
                .orThrow();
        int[] words = new int[results];
        emulator.read(out, MemorySegment.ofArray(words));
        return words;
    }

    private static Ptx module(String body) {
        return Ptx.parse("""
                .version 7.0
                .target sm_80
                .address_size 64
                .visible .entry k(.param .u64 out, .param .u64 in)
                {
                  .reg .pred %%p<4>;
                  .reg .b32 %%r<32>;
                  .reg .b64 %%rd<8>;
                  .reg .f32 %%f<8>;
                  .shared .align 16 .b8 tile[512];
                  mov.u32 %%r1, %%tid.x;
                  mul.wide.u32 %%rd3, %%r1, 4;
                  ld.param.u64 %%rd1, [out];
                  ld.param.u64 %%rd2, [in];
                  add.s64 %%rd1, %%rd1, %%rd3;
                  add.s64 %%rd2, %%rd2, %%rd3;
                  %s
                  ret;
                }
                """.formatted(body));
    }

    private static float[] values(int count, int stream, String type) {
        float[] values = new float[count];
        for (int k = 0; k < count; k++) {
            float x = Philox.draw(Lanes.SEED, k, stream, 0, 0) * 0x1p-31f;
            values[k] = switch (type) {
                case "bf16" -> Float.intBitsToFloat(Float.floatToRawIntBits(x) & 0xffff0000);
                case "f16" -> Float.float16ToFloat(Float.floatToFloat16(x));
                case "tf32" -> Float.intBitsToFloat(Float.floatToRawIntBits(x) & ~0x1fff);
                default -> x;
            };
        }
        return values;
    }

    private static int packed(float[] values, int at, int stride, String type) {
        return switch (type) {
            case "tf32" -> Float.floatToRawIntBits(values[at]);
            case "bf16" ->
                Float.floatToRawIntBits(values[at]) >>> 16 | Float.floatToRawIntBits(values[at + stride]) & 0xffff0000;
            default -> Float.floatToFloat16(values[at]) & 0xffff | Float.floatToFloat16(values[at + stride]) << 16;
        };
    }
}
