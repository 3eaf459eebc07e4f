package dev.clusca.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.BackendProvider.Variant;
import dev.clusca.backend.Backends;
import dev.clusca.backend.KernelUse;
import dev.clusca.backend.Linear;
import dev.clusca.backend.cuda.driver.CudaDrivers;
import dev.clusca.backend.reference.Fixture;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The variant cuda:cudnn against the reference backend, on a driver and a cuDNN that work in host memory; run by {@link CudnnOpsTest}. */
@EnabledIfSystemProperty(named = CudnnOpsTest.SUITE, matches = ".*")
class CudnnBackendSuite {
    static final int TESTS = 9 + 4 + 5;

    private final Fixture fixture = new Fixture();
    private final CudaBackend backend = CudaBackend.open(CudaDrivers.open(), 0, CudaVariant.CUDNN);

    @AfterEach
    void close() {
        fixture.close();
        backend.close();
    }

    @ParameterizedTest
    @CsvSource({
        "F32, F32, 1, 1, 1, 1, 1, true, none",
        "F32, F32, 3, 4, 3, 5, 3, true, apart",
        "F32, F32, 4, 3, 65, 67, 1, true, inPlace",
        "F32, F32, 2, 2, 4, 130, 3, false, none",
        "BF16, BF16, 3, 4, 3, 5, 3, true, inPlace",
        "BF16, BF16, 4, 3, 33, 9, 1, true, none",
        "BF16, F32, 2, 5, 40, 17, 3, true, inPlace",
        "BF16, F32, 2, 5, 8, 24, 3, true, apart",
        "F32, BF16, 5, 2, 2, 2, 3, true, inPlace"
    })
    void convolvesAsTheReference(
            DType type,
            DType outType,
            int height,
            int width,
            int inputs,
            int outputs,
            int size,
            boolean biased,
            String residual) {
        Tensor x = fixture.random(type, 2, height, width, inputs);
        Tensor weight = fixture.random(type, outputs, (long) size * size * inputs);
        Tensor bias = biased ? fixture.random(DType.F32, outputs) : null;
        Tensor added = fixture.random(outType, 2, height, width, outputs);
        Tensor expected = fixture.poison(outType, 2, height, width, outputs);
        Linear host = fixture.backend.linear(fixture.arena, weight, bias, type);
        fixture.ops.convolve(x, host, false, residual.equals("none") ? null : added, expected);

        Linear layer = backend.linear(fixture.arena, weight, bias, type);
        Tensor on = onDevice(x);
        Tensor start = onDevice(added);
        Tensor out = residual.equals("inPlace") ? start : onDevice(fixture.poison(outType, 2, height, width, outputs));
        backend.ops().convolve(on, layer, false, residual.equals("none") ? null : start, out);
        assertClose(out, expected, outType == DType.BF16 ? 0x1p-8 : 1e-6);
    }

    @ParameterizedTest
    @CsvSource({"1, 5, 2, 32", "2, 33, 3, 72", "2, 16, 4, 128", "1, 97, 16, 64"})
    void attendsAsTheReference(int rows, int tokens, int heads, int d) {
        long width = (long) heads * d;
        Tensor qkv = fixture.random(DType.BF16, rows, tokens, 3 * width);
        Tensor expected = fixture.poison(DType.BF16, rows, tokens, width);
        fixture.ops.attention(qkv, heads, expected);
        Tensor out = onDevice(fixture.poison(DType.BF16, rows, tokens, width));
        backend.ops().attention(onDevice(qkv), heads, out);
        assertClose(out, expected, 0x1p-8);
    }

    @Test
    void isOfferedAsAVariant() {
        assertThat(new CudaProvider().variants()).extracting(Variant::name).contains("naive", "cudnn");
        try (Backend opened = Backends.require("cuda:cudnn", BackendOptions.DEFAULT)) {
            assertThat(opened.name()).isEqualTo("cuda:cudnn");
            assertThat(opened.description()).contains("by cuDNN 9; all else by clusca's own kernels");
        }
    }

    @Test
    void whatCudnnDoesNotTakeGoesToAKernel() {
        for (Tensor qkv : List.of(fixture.random(DType.F32, 1, 3, 3 * 64), fixture.random(DType.BF16, 1, 3, 3 * 68))) {
            Tensor on = onDevice(qkv);
            Tensor out = onDevice(fixture.poison(qkv.dtype(), 1, 3, qkv.shape().dim(2) / 3));
            backend.ops().attention(on, 1, out);
            try (Backend.Recording recording =
                    backend.record(() -> backend.ops().attention(on, 1, out))) {
                assertThat(recording.kernels())
                        .extracting(KernelUse::name)
                        .singleElement()
                        .asString()
                        .startsWith("attention_");
            }
        }
    }

    @Test
    void declaresWhatConvolutionTakes() {
        Scratch scratch = new Scratch(new CudaQueue(backend.stream()));
        CudnnConvolution convolution = new CudnnConvolution(
                new CudnnSession(new CudaQueue(backend.stream()), scratch),
                new CudaQueue(backend.stream()),
                scratch,
                new Staging(new CudaQueue(backend.stream())));
        Tensor x = onDevice(fixture.random(DType.F32, 1, 2, 2, 4));
        Tensor weight = fixture.random(DType.F32, 4, 4);
        CudaLinear biased = (CudaLinear) backend.linear(fixture.arena, weight, fixture.random(DType.F32, 4), DType.F32);
        CudaLinear plain = (CudaLinear) backend.linear(fixture.arena, weight, null, DType.F32);
        Tensor out = onDevice(fixture.random(DType.F32, 1, 2, 2, 4));
        Tensor odd = Tensor.wrap(x.address() + 4, x.dtype(), x.shape());
        assertThat(convolution.takes(x, biased, false, out, out)).isTrue();
        assertThat(convolution.takes(x, plain, false, null, out)).isTrue();
        assertThat(convolution.takes(x, biased, true, null, out)).isFalse();
        assertThat(convolution.takes(x, plain, false, out, out)).isFalse();
        assertThat(convolution.takes(odd, biased, false, null, out)).isFalse();
    }

    /** In steady state nothing is allocated: plans, filters and workspace are there after the first time. */
    @Test
    void allocatesWhenItMeetsAShapeFirst() {
        Tensor qkv = onDevice(fixture.random(DType.BF16, 1, 4, 3 * 64));
        Tensor attended = onDevice(fixture.poison(DType.BF16, 1, 4, 64));
        Linear layer = backend.linear(
                fixture.arena, fixture.random(DType.F32, 6, 9 * 4), fixture.random(DType.F32, 6), DType.F32);
        Tensor x = onDevice(fixture.random(DType.F32, 1, 3, 3, 4));
        Tensor residual = onDevice(fixture.random(DType.F32, 1, 3, 3, 6));
        Tensor out = onDevice(fixture.poison(DType.F32, 1, 3, 3, 6));
        Runnable step = () -> {
            backend.ops().attention(qkv, 1, attended);
            backend.ops().convolve(x, layer, false, residual, out);
        };
        step.run();
        List<Allocation> held = backend.context().memory().allocations();
        step.run();
        // A capture refuses whatever allocates or waits.
        backend.capture(step).close();
        assertThat(backend.context().memory().allocations()).isEqualTo(held);
    }

    @Test
    void aShapeThatIsMetFirstInACaptureIsRefused() {
        Tensor qkv = onDevice(fixture.random(DType.BF16, 1, 4, 3 * 64));
        Tensor out = onDevice(fixture.poison(DType.BF16, 1, 4, 64));
        assertThatIllegalStateException()
                .isThrownBy(() -> backend.capture(() -> backend.ops().attention(qkv, 1, out)))
                .withMessage("the plan that cuDNN makes for attention cannot become part of a graph, and the stream is"
                        + " captured into one; run attention once with these extents before the capture");
    }

    private Tensor onDevice(Tensor host) {
        fixture.backend.synchronize();
        Tensor tensor = backend.allocate(fixture.arena, host.dtype(), host.shape());
        backend.write(tensor, host.memory());
        return tensor;
    }

    private double[] read(Tensor tensor) {
        Tensor host = fixture.poison(tensor.dtype(), tensor.shape().toArray());
        backend.read(tensor, host.memory());
        return fixture.read(host);
    }

    private void assertClose(Tensor actual, Tensor expected, double bound) {
        double[] found = read(actual);
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
