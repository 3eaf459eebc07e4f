package dev.clusca.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.backend.Activation;
import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendException;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.BackendProvider;
import dev.clusca.backend.Backends;
import dev.clusca.backend.KMeansOptions;
import dev.clusca.backend.Linear;
import dev.clusca.backend.OperationMissingException;
import dev.clusca.backend.OtherThread;
import dev.clusca.backend.cuda.driver.CudaDriver;
import dev.clusca.backend.cuda.driver.CudaDrivers;
import dev.clusca.backend.cuda.driver.CudaException;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** The cuda backend as a queue and as an owner of memory, on the emulator, through both providers. */
@Tag("emulated")
@ParameterizedClass
@MethodSource("providers")
class CudaBackendTest {
    private final CudaDriver driver;
    private final CudaBackend backend;
    private final Arena arena = Arena.ofShared();

    CudaBackendTest(String provider) {
        driver = CudaDrivers.open(provider);
        backend = CudaBackend.open(driver, 0);
    }

    static Stream<String> providers() {
        return CudaDrivers.names().stream();
    }

    @AfterEach
    void close() {
        arena.close();
        backend.close();
    }

    @Test
    void saysWhatItRunsOn() {
        assertThat(backend.name()).isEqualTo("cuda");
        assertThat(backend.description()).contains("emulator", "compute capability 8.0", driver.name());
    }

    @Test
    void isChosenWhereAGpuIsEmulated() {
        Backends.Candidate cuda = Backends.discover().getFirst();
        assertThat(cuda.provider()).isInstanceOf(CudaProvider.class);
        assertThat(cuda.probe())
                .isInstanceOfSatisfying(
                        BackendProvider.Probe.Usable.class,
                        usable -> assertThat(usable.device()).contains("emulator"));
        try (Backend chosen = Backends.open("auto");
                Backend named = Backends.require("cuda", BackendOptions.DEFAULT)) {
            assertThat(chosen.name()).isEqualTo("cuda");
            assertThat(named.name()).isEqualTo("cuda");
        }
    }

    /** A graph would read and write what others keep by then where its memory was; and the context would be lost where nobody does. */
    @Test
    void refusesToReplayOnMemoryWhoseArenaWasClosed() {
        Tensor in = backend.upload(arena, new float[32], Shape.of(4, 8));
        Tensor out = backend.allocate(arena, DType.F32, Shape.of(4, 8));
        Tensor weight = Tensor.of(MemorySegment.ofArray(new float[64]), DType.F32, Shape.of(8, 8));
        Linear layer;
        Backend.Recording cast;
        Backend.Recording product;
        try (Arena shortLived = Arena.ofShared();
                Arena another = Arena.ofShared()) {
            Tensor gone = backend.allocate(shortLived, DType.F32, Shape.of(4, 8));
            layer = backend.linear(another, weight, null, DType.F32);
            cast = backend.record(() -> backend.ops().cast(in, gone));
            product = backend.record(() -> backend.ops().gemm(in, layer, Activation.NONE, out));
            cast.replay();
            product.replay();
            backend.synchronize();
        }
        try (cast;
                product) {
            assertThatThrownBy(cast::replay)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("a recording uses F32[4, 8], whose arena was closed; keep the arena open");
            assertThatThrownBy(product::replay)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith(
                            "a recording uses a layer of 8 inputs and 8 outputs, whose arena was closed");
        }
        assertThatThrownBy(product::replay)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("was closed")
                .hasMessageNotContaining("arena");
        assertThatThrownBy(() -> backend.ops().gemm(in, layer, Activation.NONE, out))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("a layer of 8 inputs and 8 outputs was used after its arena was closed");
        backend.ops().cast(in, out);
        backend.synchronize();
    }

    /** The context lives on with whoever else holds it, so the stream would. */
    @Test
    void closesItsStreamWhereItCannotBeOpened() {
        AtomicReference<CudaStream> stream = new AtomicReference<>();
        GemmSource source = new GemmSource() {
            @Override
            public List<String> families() {
                return Kernels.FAMILIES;
            }

            @Override
            public String description() {
                return "nobody";
            }

            @Override
            public Gemm open(CudaQueue queue, Kernels kernels, Scratch scratch) {
                stream.set(queue.stream());
                throw new BackendException("nobody multiplies");
            }
        };
        assertThatThrownBy(() -> CudaBackend.open(driver, 0, source)).hasMessage("nobody multiplies");
        assertThatThrownBy(() -> stream.get().handle()).hasMessageContaining("after it was closed");
    }

    @Test
    void copiesTheSourceOfAWriteBeforeItReturns() {
        // Beyond both halves of the staging memory, and not a multiple of one.
        for (int elements : new int[] {1, 5, (5 << 20) / 4 + 3}) {
            Tensor target = floats(elements);
            float[] source = ramp(elements);
            backend.write(target, MemorySegment.ofArray(source));
            Arrays.fill(source, -1);
            assertThat(read(target)).isEqualTo(ramp(elements));
        }
    }

    @Test
    void writesAndReadsSlices() {
        Tensor whole = floats(4, 3);
        write(whole, ramp(12));
        write(whole.slice(2), 50, 51, 52);
        assertThat(read(whole)).containsExactly(0, 1, 2, 3, 4, 5, 50, 51, 52, 9, 10, 11);
        assertThat(read(whole.rows(1, 2))).containsExactly(3, 4, 5, 50, 51, 52);
    }

    @Test
    void refusesMemoryThatTheDeviceDoesNotSee() {
        Tensor host = Tensor.of(arena.allocate(16), DType.F32, Shape.of(4));
        assertRefused(host, "lies in host memory, which the GPU does not see; allocate it through this backend");
        assertRefused(Tensor.wrap(0, DType.F32, Shape.of(4)), "lies at address 0");
        Tensor odd = Tensor.wrap(floats(8).address() + 2, DType.F32, Shape.of(4));
        assertRefused(odd, "expected a multiple of its element's 4 bytes");
        assertThatThrownBy(() -> backend.write(host, MemorySegment.ofArray(new float[4])))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("write: the tensor F32[4] lies in host memory");
        assertThatThrownBy(() -> backend.read(floats(4), MemorySegment.ofArray(new float[3])))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the host memory has 12 bytes; expected the 16 bytes of F32[4]");
        backend.synchronize();
    }

    private void assertRefused(Tensor tensor, String sentence) {
        assertThatThrownBy(() -> backend.ops().cast(tensor, floats(4)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(sentence);
    }

    @Test
    void refusesALayerOfAnotherBackend() {
        Tensor weight = Tensor.of(MemorySegment.ofArray(new float[4]), DType.F32, Shape.of(2, 2));
        try (Backend reference = Backends.require("reference", BackendOptions.DEFAULT)) {
            Linear foreign = reference.linear(arena, weight, null, DType.F32);
            assertThatThrownBy(() -> backend.ops().gemm(floats(1, 2), foreign, Activation.NONE, floats(1, 2)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("gemm");
        }
    }

    @Test
    void saysWhatIsTooMuchForAKernelAndGoesOn() {
        // More clusters than the kernel's shared memory has room for.
        Steps steps = new Steps(backend, arena, 1);
        Tensor labels = backend.allocate(arena, DType.I32, Shape.of(1, 5000));
        Tensor drawn = backend.allocate(arena, DType.I32, Shape.of(1, 1, 5000));
        assertThatThrownBy(() -> backend.ops().drawRepresentatives(steps.draws(1), labels, drawn))
                .isInstanceOf(OperationMissingException.class)
                .hasMessageContaining("K is 5000; the CUDA kernel draws for up to 4096");
        backend.synchronize();
    }

    @Test
    void saysHowWideHeadsMayBeAndGoesOn() {
        assertThatThrownBy(() -> backend.ops().attention(floats(1, 2, 3 * 1026), 2, floats(1, 2, 1026)))
                .isInstanceOf(OperationMissingException.class)
                .hasMessageContaining("heads are 513 channels wide; the CUDA kernels take 1 to 512");
        backend.synchronize();
    }

    @Test
    void marksTimeAndOrder() {
        Backend.Mark before = backend.mark();
        backend.ops().cast(filled(1 << 12), floats(1 << 12));
        Backend.Mark after = backend.mark();
        after.await();
        assertThat(after.millisSince(before)).isNotNegative();
        assertThat(before.millisSince(after)).isNotPositive();
        try (CudaBackend other = CudaBackend.open(driver, 0)) {
            Backend.Mark foreign = other.mark();
            assertThatThrownBy(() -> after.millisSince(foreign))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("another backend");
        }
    }

    @Test
    void failsInTheNextCallThatWaitsAndInEveryLaterOne() {
        Tensor nowhere = Tensor.wrap(0x7f00_0000_0000L, DType.F32, Shape.of(8));
        Tensor good = filled(8);
        backend.ops().cast(nowhere, good);
        // Not seen yet: enqueueing goes on.
        backend.ops().cast(good, floats(8));

        assertThatThrownBy(backend::synchronize)
                .isInstanceOf(BackendException.class)
                .hasMessageContaining("The emulator's report")
                .hasMessageContaining("cast_f32_f32, PTX line")
                .hasMessageContaining("access outside every allocation")
                .hasCauseInstanceOf(CudaException.class);
        for (Runnable later : List.<Runnable>of(
                () -> backend.ops().cast(good, good.reshape(8)),
                () -> backend.allocate(arena, DType.F32, Shape.of(1)),
                () -> backend.read(good, MemorySegment.ofArray(new float[8])),
                backend::mark)) {
            assertThatThrownBy(later::run)
                    .as("same cause later")
                    .isInstanceOfAny(BackendException.class, IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> read(good))
                .isInstanceOf(BackendException.class)
                .hasMessageContaining("access outside every allocation")
                .hasMessageContaining("cast_f32_f32, PTX line");
    }

    /** What a fault leaves behind is gone with the backend. */
    @Test
    void anotherBackendIsFineAfterAFault() {
        backend.ops().cast(Tensor.wrap(0x7f00_0000_0000L, DType.F32, Shape.of(8)), floats(8));
        assertThatThrownBy(backend::synchronize).isInstanceOf(BackendException.class);
        backend.close();
        try (CudaBackend other = CudaBackend.open(driver, 0);
                Arena memory = Arena.ofShared()) {
            Tensor source = other.allocate(memory, DType.F32, Shape.of(2));
            Tensor target = other.allocate(memory, DType.F32, Shape.of(2));
            other.write(source, MemorySegment.ofArray(new float[] {3, 4}));
            other.ops().cast(source, target);
            float[] values = new float[2];
            other.read(target, MemorySegment.ofArray(values));
            assertThat(values).containsExactly(3, 4);
        }
    }

    @Test
    void closesTwiceAndThenRefusesWork() {
        Backend.Mark mark = backend.mark();
        Tensor tensor = floats(4);
        backend.close();
        backend.close();
        for (Runnable use : List.<Runnable>of(
                backend::mark,
                mark::await,
                () -> backend.ops().cast(tensor, tensor.reshape(4)),
                () -> backend.write(tensor, MemorySegment.ofArray(new float[4])),
                () -> backend.allocate(arena, DType.F32, Shape.of(1)))) {
            assertThatThrownBy(use::run).isInstanceOfAny(IllegalStateException.class, IllegalArgumentException.class);
        }
        assertThatThrownBy(backend::mark)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("the cuda backend was closed; open another");
    }

    /** A program that has a context, a stream and memory of its own. */
    @Test
    void worksOnForeignMemoryAndAForeignStream() {
        CudaContext context = backend.context();
        long stream;
        long memory;
        try (CudaContext.Scope _ = context.enter()) {
            stream = driver.streamCreate();
            memory = driver.allocate(64);
        }
        try (CudaBackend guest = CudaBackend.on(context.wrapStream(stream))) {
            Tensor x = Tensor.wrap(memory, DType.F32, Shape.of(1, 2, 4));
            Tensor rows = Tensor.wrap(memory + 32, DType.F32, Shape.of(1, 1, 4));
            Tensor index = guest.allocate(arena, DType.I32, Shape.of(1, 1));
            guest.write(x, MemorySegment.ofArray(ramp(8)));
            guest.write(index, MemorySegment.ofArray(new int[] {1}));
            guest.ops().gatherRows(x, index, rows);
            float[] values = new float[4];
            guest.read(rows, MemorySegment.ofArray(values));
            assertThat(values).containsExactly(4, 5, 6, 7);
        }
        // The guest closed neither of them.
        try (CudaContext.Scope _ = context.enter()) {
            driver.streamSynchronize(stream);
            driver.streamDestroy(stream);
            driver.free(memory);
        }
        backend.synchronize();
    }

    @Test
    void embedsWithABiasOfAnotherTypeThanTheWeight() {
        Tensor images = floats(1, 1, 1, 2);
        write(images, 3, 5);
        Tensor weight = floats(2, 1);
        write(weight, 2, 4);
        Tensor wide = floats(2);
        write(wide, 0.25f, 0.5f);
        Tensor bias = backend.allocate(arena, DType.BF16, Shape.of(2));
        backend.ops().cast(wide, bias);
        Tensor x = floats(1, 2, 2);
        backend.ops().patchEmbed(images, weight, bias, null, 1, x);
        assertThat(read(x)).containsExactly(6.25f, 12.5f, 10.25f, 20.5f);
    }

    @Test
    void keepsScratchThatGraphsMayUseAndGrowsItOutsideOfCaptures() {
        Clustering small = new Clustering(1, 8, 4, 2);
        Clustering large = new Clustering(2, 16, 8, 4);
        assertThatThrownBy(() -> backend.capture(small::run))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("kMeans")
                .hasMessageContaining("run kMeans")
                .hasMessageContaining("before the capture");
        small.run();
        int[] eager = small.labels();
        small.reset();
        try (CudaGraph graph = backend.capture(small::run)) {
            large.run();
            backend.launch(graph);
            assertThat(small.labels()).isEqualTo(eager);
        }
    }

    @Test
    void aCaptureHoldsOperationsAlone() {
        Tensor tensor = filled(4);
        for (Runnable forbidden : List.<Runnable>of(
                () -> backend.write(tensor, MemorySegment.ofArray(new float[4])),
                () -> read(tensor),
                backend::mark,
                () -> backend.capture(() -> {}),
                backend::close,
                () -> filled(4))) {
            assertThatThrownBy(() -> backend.capture(forbidden))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("cannot become part of a graph");
        }
        assertThat(read(tensor)).containsExactly(0, 1, 2, 3);
    }

    /** A capture takes whatever comes to its stream, and arguments are written where the next call writes its own. */
    @Test
    void twoThreadsAreNotInACallAtOnce() {
        Tensor source = filled(8);
        Tensor mine = floats(8);
        Tensor theirs = floats(8);
        List<String> refused = new ArrayList<>();
        try (CudaGraph graph = backend.capture(() -> {
            backend.ops().cast(source, mine);
            List<Runnable> calls =
                    List.of(() -> backend.ops().cast(source, theirs), backend::mark, () -> backend.capture(() -> {}));
            refused.addAll(OtherThread.refusals(calls));
        })) {
            assertThat(refused)
                    .hasSize(3)
                    .containsOnly(
                            "thread '" + Thread.currentThread().getName()
                                    + "' is in a call of this cuda backend, which one thread at a time may use; open a backend for each thread, or let them take turns");
            backend.launch(graph);
            assertThat(read(mine)).isEqualTo(read(source));
        }
    }

    /** Kernels are compiled before a clock is started, and found by whoever captures the stream himself. */
    @Test
    void isPreparedOnce() {
        Tensor from = filled(4);
        Tensor to = floats(4);
        Runnable cast = () -> backend.ops().cast(from, to);
        try (CudaContext.Scope _ = backend.context().enter()) {
            assertThatThrownBy(() -> CudaGraph.capture(backend.stream(), cast))
                    .hasMessageContaining("the first use of a kernel");
            backend.prepare();
            try (CudaGraph graph = CudaGraph.capture(backend.stream(), cast)) {
                backend.launch(graph);
            }
        }
        assertThat(read(to)).containsExactly(0, 1, 2, 3);
    }

    private final class Clustering {
        private final Tensor x;
        private final Tensor centroids;
        private final Tensor labels;
        private final Tensor iterations;

        Clustering(int rows, int tokens, int width, int clusters) {
            x = filled(rows, tokens, width);
            centroids = floats(rows, clusters, width);
            labels = backend.allocate(arena, DType.I32, Shape.of(rows, tokens));
            iterations = backend.allocate(arena, DType.I32, Shape.of(rows));
            reset();
        }

        void reset() {
            write(centroids, ramp((int) centroids.shape().elements()));
        }

        void run() {
            backend.ops().kMeans(x, KMeansOptions.DEFAULT, centroids, labels, iterations);
        }

        int[] labels() {
            int[] values = new int[(int) labels.shape().elements()];
            backend.read(labels, MemorySegment.ofArray(values));
            return values;
        }
    }

    private Tensor floats(long... extents) {
        return backend.allocate(arena, DType.F32, Shape.of(extents));
    }

    /** 0, 1, 2, .. */
    private Tensor filled(long... extents) {
        Tensor tensor = floats(extents);
        write(tensor, ramp((int) tensor.shape().elements()));
        return tensor;
    }

    private void write(Tensor tensor, float... values) {
        backend.write(tensor, MemorySegment.ofArray(values));
    }

    private float[] read(Tensor tensor) {
        float[] values = new float[(int) tensor.shape().elements()];
        backend.read(tensor, MemorySegment.ofArray(values));
        return values;
    }

    private static float[] ramp(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = i;
        }
        return values;
    }
}
