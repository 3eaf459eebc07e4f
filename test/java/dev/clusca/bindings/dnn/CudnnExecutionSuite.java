package dev.clusca.bindings.dnn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.clusca.backend.Linear;
import dev.clusca.backend.reference.Fixture;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the stand-in, which computes on host memory, makes of our layouts, against the reference backend; run by {@link CudnnTest}. */
@EnabledIfSystemProperty(named = CudnnTest.SUITE, matches = ".*")
class CudnnExecutionSuite {
    static final int TESTS = 14 + 10 + 4;

    private final Fixture fixture = new Fixture();
    private final CudnnHandle handle = new CudnnHandle(0);

    @AfterEach
    void close() {
        handle.close();
        fixture.close();
    }

    @ParameterizedTest
    @CsvSource({
        "F32, F32, 1, 1, 1, 1, 1, 1, true, false",
        "F32, F32, 1, 1, 1, 1, 1, 3, false, false",
        "F32, F32, 2, 5, 3, 4, 7, 3, true, false",
        "F32, F32, 1, 4, 6, 3, 5, 1, true, true",
        "F32, F32, 1, 3, 4, 97, 31, 3, true, true",
        "F32, F32, 2, 8, 8, 32, 33, 3, false, false",
        "F32, BF16, 1, 2, 2, 5, 6, 3, true, true",
        "BF16, BF16, 1, 1, 1, 1, 1, 1, true, false",
        "BF16, BF16, 1, 1, 1, 2, 3, 3, false, false",
        "BF16, BF16, 2, 5, 3, 4, 7, 3, true, false",
        "BF16, BF16, 1, 4, 6, 3, 5, 1, true, true",
        "BF16, BF16, 1, 3, 4, 97, 31, 3, true, true",
        "BF16, F32, 1, 4, 3, 33, 8, 3, true, true",
        "BF16, F32, 1, 4, 3, 8, 4, 3, false, false"
    })
    void convolvesAsTheReference(
            DType type,
            DType outType,
            int images,
            int height,
            int width,
            int inputs,
            int outputs,
            int size,
            boolean biased,
            boolean adds) {
        Tensor x = fixture.random(type, images, height, width, inputs);
        Tensor weight = fixture.random(type, outputs, (long) size * size * inputs);
        Tensor bias = biased ? fixture.random(DType.F32, outputs) : null;
        Tensor residual = adds ? fixture.random(outType, images, height, width, outputs) : null;
        Tensor expected = fixture.poison(outType, images, height, width, outputs);
        Linear layer = fixture.backend.linear(fixture.arena, weight, bias, type);
        fixture.ops.convolve(x, layer, false, residual, expected);

        Tensor out = fixture.poison(outType, images, height, width, outputs);
        ConvolutionShape shape = new ConvolutionShape(
                type(type),
                images,
                height,
                width,
                inputs,
                outputs,
                size,
                biased,
                adds ? type(outType) : null,
                type(outType));
        fixture.backend.synchronize();
        try (ConvolutionPlan plan = new ConvolutionPlan(handle, shape)) {
            // Not the first engine, whose bits change; not the one that does not compile; tensor cores where allowed.
            assertThat(plan.engine()).isEqualTo(type == DType.BF16 ? 3 : 7);
            plan.run(
                    handle,
                    x.address(),
                    weight.address(),
                    address(bias),
                    address(residual),
                    out.address(),
                    workspace(plan.workspaceBytes()));
        }
        // Partial sums of the stand-in are F32, as on a GPU.
        assertClose(out, expected, outType == DType.BF16 ? 0x1p-8 : 1e-6);
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1, 1, 32",
        "1, 5, 1, 64",
        "2, 7, 2, 32",
        "3, 33, 3, 72",
        "1, 31, 4, 128",
        "2, 64, 6, 64",
        "1, 97, 12, 64",
        "2, 16, 16, 72",
        "1, 9, 5, 8",
        "2, 3, 16, 128"
    })
    void attendsAsTheReference(int rows, int tokens, int heads, int d) {
        long width = (long) heads * d;
        Tensor qkv = fixture.random(DType.BF16, rows, tokens, 3 * width);
        Tensor expected = fixture.poison(DType.BF16, rows, tokens, width);
        fixture.ops.attention(qkv, heads, expected);
        Tensor out = fixture.poison(DType.BF16, rows, tokens, width);
        fixture.backend.synchronize();
        AttentionShape shape = new AttentionShape(CudnnType.BF16, rows, tokens, heads, d);
        try (AttentionPlan plan = new AttentionPlan(handle, shape)) {
            plan.run(handle, qkv.address(), out.address(), workspace(plan.workspaceBytes()));
            // A plan runs as often as wanted, with other addresses too.
            Tensor again = fixture.poison(DType.BF16, rows, tokens, width);
            plan.run(handle, qkv.address(), again.address(), workspace(plan.workspaceBytes()));
            assertClose(again, expected, 0x1p-8);
        }
        assertClose(out, expected, 0x1p-8);
    }

    @Test
    void whatFailsWhenItRunsIsSaid() {
        AttentionShape shape = new AttentionShape(CudnnType.BF16, 1, 2, 1, 8);
        Tensor qkv = fixture.random(DType.BF16, 1, 2, 24);
        try (AttentionPlan plan = new AttentionPlan(handle, shape)) {
            assertThatExceptionOfType(CudnnException.class)
                    .isThrownBy(() -> plan.run(handle, qkv.address(), qkv.address(), 0))
                    .withMessage(
                            "cuDNN: cudnnBackendExecute for attention " + shape
                                    + " returned status 2002 (CUDNN_STATUS_BAD_PARAM_NULL_POINTER): the workspace is missing;"
                                    + " this is an error of the caller's; CUDNN_LOGLEVEL_DBG=1 CUDNN_LOGDEST_DBG=stderr shows where");
            assertThatExceptionOfType(CudnnException.class)
                    .isThrownBy(() -> plan.run(handle, qkv.address() + 2, qkv.address(), workspace(1024)))
                    .withMessageContaining("status 2003 (CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER)");
        }
    }

    @Test
    void aPlanTakesItsNumberOfAddresses() {
        CudnnTensor x = CudnnTensor.images(1, CudnnType.F32, 1, 1, 1, 1);
        CudnnTensor y = CudnnTensor.images(2, CudnnType.F32, 1, 1, 1, 1);
        CudnnTensor sum = CudnnTensor.images(3, CudnnType.F32, 1, 1, 1, 1);
        try (CudnnGraph graph = new CudnnGraph("a sum");
                CudnnPlan plan = graph.add(x, y, sum).plan(handle, CudnnPrecision.EXACT, List.of(x, y, sum))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> plan.run(handle, 0, 16))
                    .withMessage("a sum was given 1 addresses; expected 3");
        }
    }

    @Test
    void aClosedHandleIsRefused() {
        CudnnHandle closed = new CudnnHandle(0x5000);
        closed.close();
        closed.close();
        assertThatIllegalStateException()
                .isThrownBy(closed::handle)
                .withMessage("this cuDNN handle was closed; make another");
    }

    @Test
    void shapesThatAreNoneAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ConvolutionShape(CudnnType.F32, 1, 1, 1, 1, 1, 2, true, null, CudnnType.F32))
                .withMessageContaining("a filter of size 2; expected an odd number");
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        new ConvolutionShape(CudnnType.F32, 1, 1, 1, 1, 1, 3, false, CudnnType.F32, CudnnType.F32))
                .withMessageContaining("has a residual and no bias; expected both");
    }

    private long workspace(long bytes) {
        return fixture.arena.allocate(bytes, 256).address();
    }

    private static long address(Tensor tensor) {
        return tensor == null ? 0 : tensor.address();
    }

    private static CudnnType type(DType type) {
        return type == DType.BF16 ? CudnnType.BF16 : CudnnType.F32;
    }

    /** In the norm of the whole: relative to the largest value. */
    private void assertClose(Tensor actual, Tensor expected, double bound) {
        double[] found = fixture.read(actual);
        double[] exact = fixture.read(expected);
        double largest = 0;
        for (double value : exact) {
            largest = Math.max(largest, Math.abs(value));
        }
        for (int i = 0; i < exact.length; i++) {
            assertThat(Math.abs(found[i] - exact[i]))
                    .as("%s, element %d: %s instead of %s", actual, i, found[i], exact[i])
                    .isLessThanOrEqualTo(bound * largest);
        }
    }
}
