package dev.clusca.kernels;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QkNormRopeKernelTest {
    private static final float EPSILON = 1e-6f;

    /** Groups of 8, 16 and 32 lanes, whole and not, and heads that no registers hold. */
    @ParameterizedTest
    @ValueSource(ints = {2, 4, 30, 32, 34, 36, 64, 66, 72, 98, 100, 128, 130, 132, 256})
    void widths(int d) {
        try (Gpu gpu = new Gpu()) {
            run(gpu, DType.F32, 2, 5, 3, d, 1, true, true);
            run(gpu, DType.BF16, 1, 3, 2, d, 2, true, true);
        }
    }

    /** Spans that divide the heads and that do not, one head and none left for the last pair, tokens that fill no block. */
    @ParameterizedTest
    @CsvSource({"1, 1, 1, 1", "1, 1, 1, 8", "2, 9, 8, 8", "1, 17, 9, 8", "3, 33, 11, 3", "1, 40, 24, 8"})
    void spans(int rows, int tokens, int heads, int span) {
        try (Gpu gpu = new Gpu()) {
            run(gpu, DType.F32, rows, tokens, heads, 32, span, true, true);
            run(gpu, DType.BF16, rows, tokens, heads, 72, span, true, true);
            gpu.skew();
            run(gpu, DType.BF16, rows, tokens, heads, 8, span, true, true);
        }
    }

    @Test
    void eitherPartAlone() {
        for (DType type : Types.FLOATS) {
            for (int d : new int[] {72, 130}) {
                try (Gpu gpu = new Gpu()) {
                    run(gpu, type, 2, 3, 3, d, 2, true, false);
                    run(gpu, type, 2, 3, 3, d, 2, false, true);
                }
            }
        }
        for (int odd : new int[] {1, 3, 33, 129}) {
            try (Gpu gpu = new Gpu()) {
                run(gpu, DType.F32, 1, 3, 3, odd, 2, true, false);
            }
        }
    }

    /** Any tensor that begins elsewhere makes the kernel go element by element. */
    @Test
    void unalignedTensors() {
        for (int which = 0; which < 4; which++) {
            try (Gpu gpu = new Gpu()) {
                Tensor[] tensors = tensors(gpu, DType.F32, 1, 3, 2, 32);
                gpu.skew(tensors[which]);
                run(gpu, tensors[0], 2, tensors[1], tensors[2], tensors[3], 1);
            }
        }
    }

    @Test
    void aNaNFillsItsHeadAndNoOther() {
        for (int d : new int[] {32, 34}) {
            try (Gpu gpu = new Gpu()) {
                Tensor[] tensors = tensors(gpu, DType.F32, 1, 3, 4, d);
                tensors[0].memory().setAtIndex(ValueLayout.JAVA_FLOAT, 12L * d + 5 * d + 7, Float.NaN);
                run(gpu, tensors[0], 4, tensors[1], tensors[2], tensors[3], 4);
            }
        }
    }

    private static Tensor[] tensors(Gpu gpu, DType type, int rows, int tokens, int heads, int d) {
        return new Tensor[] {
            gpu.host.random(type, rows, tokens, 3L * heads * d),
            gpu.host.random(DType.F32, d),
            gpu.host.random(DType.F32, d),
            gpu.host.random(DType.F32, tokens, d / 2, 2)
        };
    }

    private static void run(
            Gpu gpu, DType type, int rows, int tokens, int heads, int d, int span, boolean norm, boolean rope) {
        Tensor[] tensors = tensors(gpu, type, rows, tokens, heads, d);
        run(gpu, tensors[0], heads, norm ? tensors[1] : null, norm ? tensors[2] : null, rope ? tensors[3] : null, span);
    }

    private static void run(
            Gpu gpu,
            Tensor qkv,
            int heads,
            @Nullable Tensor queryScale,
            @Nullable Tensor keyScale,
            @Nullable Tensor rotations,
            int span) {
        int tokens = qkv.shape().size(0) * qkv.shape().size(1);
        int d = qkv.shape().size(2) / 3 / heads;
        int groups = d <= 32 ? 32 : d <= 64 ? 16 : 8;
        gpu.launch(
                Types.entry("qk_norm_rope", qkv),
                Gpu.grid(Math.ceilDiv(tokens * Math.ceilDiv(heads, span), groups)),
                qkv,
                queryScale,
                keyScale,
                rotations,
                tokens,
                qkv.shape().size(1),
                heads,
                d,
                span,
                EPSILON);
        gpu.host.ops.qkNormRope(qkv, heads, queryScale, keyScale, EPSILON, rotations);
        gpu.assertClose(qkv);
    }
}
