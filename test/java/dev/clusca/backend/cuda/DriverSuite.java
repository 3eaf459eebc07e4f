package dev.clusca.backend.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.sun.management.ThreadMXBean;
import dev.clusca.SuiteRunner;
import dev.clusca.backend.BackendException;
import dev.clusca.backend.cuda.driver.CudaCapability;
import dev.clusca.backend.cuda.driver.CudaDriver;
import dev.clusca.backend.cuda.driver.CudaDrivers;
import dev.clusca.backend.cuda.driver.CudaException;
import dev.clusca.backend.cuda.driver.TensorMapSpec;
import dev.clusca.bindings.CudaLibrary;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.condition.DisabledIf;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** What a provider and the layer above it must do, whatever the driver; run by {@link SuiteRunner}. */
@EnabledIfSystemProperty(named = CudaDrivers.PROPERTY, matches = ".*")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DriverSuite {
    private static final int N = 200;
    private static final Shape SHAPE = Shape.of(N);

    /** Rows of 1152 elements of bf16, copied in boxes of 64 x 256 with a swizzle of 128 bytes. */
    private static final TensorMapSpec TENSOR_MAP = new TensorMapSpec(
            9,
            0x7f00_0000_1230L,
            List.of(1152L, 256L, 1L << 32),
            List.of(2304L, 2304L * 256),
            List.of(64, 256, 1),
            List.of(1, 2, 8),
            0,
            3,
            2,
            1);

    private final CudaDriver driver = CudaDrivers.open();
    private final Arena arena = Arena.ofShared();
    private CudaContext context;
    private CudaContext.Scope scope;

    @BeforeEach
    void open() {
        context = CudaContext.primary(driver, 0);
        scope = context.enter();
    }

    @AfterEach
    void close() {
        arena.close();
        context.close();
        scope.close();
    }

    @Test
    void isTheProviderThatWasAskedFor() {
        assertThat(driver.name()).isEqualTo(System.getProperty(CudaDrivers.PROPERTY));
    }

    @Test
    void bothProvidersSeeTheSameDriver() {
        CudaDriver other = CudaDrivers.open(driver.name().equals("ffm") ? "jcuda" : "ffm");
        assertThat(other.deviceName(0)).isEqualTo(driver.deviceName(0)).isNotBlank();
        assertThat(other.driverVersion()).isEqualTo(driver.driverVersion());
        assertThat(other.deviceTotalMemory(0)).isEqualTo(driver.deviceTotalMemory(0));
        assertThat(other.contextCurrent()).isEqualTo(driver.contextCurrent()).isNotZero();
    }

    @Test
    void describesTheDevice() {
        assertThat(context.description())
                .startsWith(driver.deviceName(0) + ", compute capability ")
                .endsWith(" through " + driver.name());
        assertThat(context.multiprocessors()).isPositive();
    }

    @Test
    void aDeviceThatIsNotThereIsAnError() {
        assertThatThrownBy(() -> CudaContext.primary(driver, 1))
                .isInstanceOf(BackendException.class)
                .hasMessageContaining("there is no CUDA device 1; the driver has 1");
    }

    @Test
    void leavesTheProgramsContextCurrent() {
        long mine = driver.contextCurrent();
        try (CudaContext.Scope _ = context.enter()) {
            assertThat(driver.contextCurrent()).isEqualTo(mine);
        }
        assertThat(driver.contextCurrent()).isEqualTo(mine);
        try (CudaContext current = CudaContext.current(driver)) {
            assertThat(current.device()).isZero();
        }
        // The program's own context lives on.
        context.synchronize();
    }

    @Test
    void withoutACurrentContextSaysSo() throws InterruptedException {
        List<Throwable> thrown = new ArrayList<>();
        Thread thread = Thread.ofPlatform().unstarted(() -> CudaContext.current(driver));
        thread.setUncaughtExceptionHandler((_, t) -> thrown.add(t));
        thread.start();
        thread.join();
        assertThat(thrown).singleElement().asString().contains("no CUDA context is current in thread");
    }

    @Test
    void scalesOnTheDevice() {
        try (CudaStream stream = context.stream();
                CudaModule module = context.load(TestKernels.PTX)) {
            Kernel scale = module.kernel("scale", TestKernels.SCALE);
            Tensor x = upload(stream, 1, 2, 3);
            Tensor y = context.memory().allocate(arena, DType.F32, Shape.of(3));
            scale.arguments().tensor(x).tensor(y).int32(3).float32(-0.5f);
            scale.launch(stream, 1, 32);
            assertThat(download(stream, y)).containsExactly(-0.5f, -1f, -1.5f);
        }
    }

    @Test
    void aLaunchCopiesItsArguments() {
        try (CudaStream stream = context.stream();
                CudaModule module = context.load(TestKernels.PTX)) {
            Kernel scale = module.kernel("scale", TestKernels.SCALE);
            Tensor x = upload(stream, 1);
            Tensor y = context.memory().allocate(arena, DType.F32, Shape.of(1));
            Tensor z = context.memory().allocate(arena, DType.F32, Shape.of(1));
            scale.arguments().tensor(x).tensor(y).int32(1).float32(2);
            scale.launch(stream, 1, 32);
            scale.arguments().tensor(x).tensor(z).int32(1).float32(3);
            scale.launch(stream, 1, 32);
            assertThat(download(stream, y)).containsExactly(2f);
            assertThat(download(stream, z)).containsExactly(3f);
        }
    }

    @Test
    void cooperativeLaunchesAreBounded() {
        try (CudaStream stream = context.stream();
                CudaModule module = context.load(TestKernels.PTX)) {
            Kernel scale = module.kernel("scale", TestKernels.SCALE);
            Tensor x = upload(stream, 1, 2);
            Tensor y = context.memory().allocate(arena, DType.F32, Shape.of(2));
            int resident = scale.residentBlocks(256, 0);
            assertThat(resident).isGreaterThanOrEqualTo(context.multiprocessors());
            scale.arguments().tensor(x).tensor(y).int32(2).float32(2);
            scale.launchCooperative(stream, 1, 1, 1, 256, 1, 1, 0);
            assertThat(download(stream, y)).containsExactly(2f, 4f);
            scale.arguments().tensor(x).tensor(y).int32(2).float32(2);
            assertThatThrownBy(() -> scale.launchCooperative(stream, resident + 1, 1, 1, 256, 1, 1, 0))
                    .isInstanceOf(CudaException.class)
                    .hasMessageContaining(
                            "cuLaunchCooperativeKernel failed with CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE (720)")
                    .hasMessageContaining("residentBlocks");
        }
    }

    /** On the stub; the emulated device has no clusters. */
    @Test
    @DisabledIf("emulated")
    void blocksAreLaunchedInClusters() {
        try (CudaStream stream = context.stream();
                CudaModule module = context.load(TestKernels.PTX)) {
            Kernel scale = module.kernel("scale", TestKernels.SCALE);
            Tensor x = upload(stream, 1, 2);
            scale.arguments().tensor(x).tensor(x).int32(2).float32(4);
            scale.launchClusters(stream, 2, 4, 1, 1, 32, 1, 1, 0);
            assertThat(download(stream, x)).containsExactly(4f, 8f);
            assertThatThrownBy(() -> scale.launchClusters(stream, 3, 4, 1, 1, 32, 1, 1, 0))
                    .hasMessageContaining("clusters of 3 blocks over a grid of 4");
            assertThatThrownBy(() -> scale.launchClusters(stream, 16, 16, 1, 1, 32, 1, 1, 0))
                    .hasMessageContaining("cuLaunchKernelEx failed with CUDA_ERROR_INVALID_CLUSTER_SIZE (912)");
        }
    }

    /** The stub's descriptor is its arguments, one after the other. */
    @Test
    @DisabledIf("emulated")
    void theArgumentsOfATensorMapArrive() {
        MemorySegment map = arena.allocate(TensorMapSpec.BYTES, TensorMapSpec.BYTES);
        context.driver(CudaCapability.TENSOR_MAP).tensorMapEncode(map, TENSOR_MAP);
        ByteBuffer found = map.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        assertThat(found.getInt()).as("type").isEqualTo(9);
        assertThat(found.getInt()).as("rank").isEqualTo(3);
        assertThat(found.getLong()).as("address").isEqualTo(0x7f00_0000_1230L);
        assertThat(Stream.generate(found::getLong).limit(5)).as("sizes").containsExactly(1152L, 256L, 1L << 32, 0L, 0L);
        assertThat(Stream.generate(found::getLong).limit(4)).as("strides").containsExactly(2304L, 2304L * 256, 0L, 0L);
        assertThat(Stream.generate(found::getShort).limit(5))
                .as("box")
                .containsExactly((short) 64, (short) 256, (short) 1, (short) 0, (short) 0);
        byte[] rest = new byte[9];
        found.get(rest);
        assertThat(rest)
                .as("element strides, interleave, swizzle, L2 promotion, fill")
                .containsExactly(1, 2, 8, 0, 0, 0, 3, 2, 1);
    }

    @Test
    void aTensorMapNeedsItsPlace() {
        CudaDriver able = context.driver(CudaCapability.TENSOR_MAP);
        MemorySegment room = arena.allocate(2 * TensorMapSpec.BYTES, TensorMapSpec.BYTES);
        for (MemorySegment target : List.of(
                room.asSlice(16),
                room.asSlice(0, TensorMapSpec.BYTES - 1),
                MemorySegment.ofArray(new long[TensorMapSpec.BYTES / 8]))) {
            assertThatThrownBy(() -> able.tensorMapEncode(target, TENSOR_MAP))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("expected 128 bytes of native memory at a multiple of 64");
        }
    }

    /** Nothing that it runs uses them. */
    @Test
    @EnabledIf("emulated")
    void theEmulatorRefusesTensorMaps() {
        MemorySegment map = arena.allocate(TensorMapSpec.BYTES, TensorMapSpec.BYTES);
        assertThatThrownBy(() -> context.driver(CudaCapability.TENSOR_MAP).tensorMapEncode(map, TENSOR_MAP))
                .isInstanceOf(CudaException.class)
                .hasMessage(
                        "cuTensorMapEncodeTiled failed with CUDA_ERROR_NOT_SUPPORTED (801): the device or the driver does not"
                                + " support this. Likely remedy: use another GPU or a newer driver; under --emulate, only what clusca needs is there.");
    }

    /** What it opened could be current in the next thread that it goes on in, or nowhere. */
    @Test
    void aVirtualThreadMayOnlyClose() throws InterruptedException {
        List<Throwable> thrown = new ArrayList<>();
        CudaStream stream = context.stream();
        Thread.startVirtualThread(() -> {
                    thrown.add(catchThrowable(context::enter));
                    thrown.add(catchThrowable(stream::close));
                })
                .join();
        assertThat(thrown.getFirst())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageEndingWith("use a platform thread");
        assertThat(thrown.getLast()).isNull();
    }

    @Test
    void copiesFillsAndReads() {
        try (CudaStream stream = context.stream()) {
            Tensor x = upload(stream, 1, 2, 3, 4);
            Tensor y = context.memory().allocate(arena, DType.F32, Shape.of(4));
            stream.copy(y, x);
            stream.fill(y.rows(1, 1), (byte) 0);
            assertThat(download(stream, y)).containsExactly(1f, 0f, 3f, 4f);
            driver.fill32(y.address(), Float.floatToIntBits(7), 2);
            driver.fill8(y.rows(3, 1).address(), (byte) 0, 4);
            driver.copyOnDevice(y.rows(2, 1).address(), y.address(), 4);
            driver.fill32Async(y.rows(1, 1).address(), Float.floatToIntBits(8), 1, stream.handle());
            stream.synchronize();
            MemorySegment host = arena.allocate(JAVA_FLOAT, 4);
            driver.copyToHost(host.address(), y.address(), 16);
            assertThat(host.toArray(JAVA_FLOAT)).containsExactly(7f, 8f, 7f, 0f);
            driver.copyToDevice(y.address(), host.asSlice(4).address(), 4);
            context.synchronize();
            assertThat(download(stream, y)).containsExactly(8f, 8f, 7f, 0f);
        }
    }

    @Test
    void aHeapSegmentOrAWrongSizeIsRefused() {
        try (CudaStream stream = context.stream()) {
            Tensor x = context.memory().allocate(arena, DType.F32, Shape.of(2));
            assertThatThrownBy(() -> stream.write(x, MemorySegment.ofArray(new float[2])))
                    .hasMessageContaining(
                            "a copy of F32[2] was given 8 bytes in the Java heap; expected 8 bytes of native memory");
            assertThatThrownBy(() -> stream.read(x, arena.allocate(12)))
                    .hasMessageContaining("was given 12 bytes of native memory; expected 8");
        }
    }

    @Test
    void eventsOrderAndTime() {
        try (CudaStream first = context.stream();
                CudaStream second = context.stream();
                CudaEvent start = context.event(true);
                CudaEvent end = context.event(true);
                CudaEvent untimed = context.event(false)) {
            start.record(first);
            upload(first, 1, 2, 3);
            end.record(first);
            second.await(end);
            second.synchronize();
            assertThat(second.isDone()).isTrue();
            end.synchronize();
            assertThat(end.isReached()).isTrue();
            assertThat(end.millisSince(start)).isNotNegative();
            assertThatThrownBy(() -> end.millisSince(untimed)).hasMessageContaining("without timing");
        }
    }

    @Test
    void graphsAreCapturedLaunchedAndUpdated() {
        try (CudaStream stream = context.stream();
                CudaModule module = context.load(TestKernels.PTX)) {
            Kernel scale = module.kernel("scale", TestKernels.SCALE);
            Tensor x = upload(stream, 1, 2);
            Tensor y = context.memory().allocate(arena, DType.F32, Shape.of(2));
            stream.fill(y, (byte) 0);
            try (CudaGraph graph = CudaGraph.capture(stream, () -> {
                assertThat(stream.isCapturing()).isTrue();
                scale.arguments().tensor(x).tensor(y).int32(2).float32(10);
                scale.launch(stream, 1, 32);
                scale.arguments().tensor(y).tensor(y).int32(1).float32(3);
                scale.launch(stream, 1, 32);
            })) {
                assertThat(stream.isCapturing()).isFalse();
                assertThat(download(stream, y)).containsExactly(0f, 0f);
                graph.upload(stream);
                graph.launch(stream);
                assertThat(download(stream, y)).containsExactly(30f, 20f);
                assertThat(graph.count(scale)).isEqualTo(2);
                scale.arguments().tensor(x).tensor(y).int32(2).float32(100);
                graph.update(scale, 0, 1, 1, 1, 32, 1, 1, 0);
                graph.launch(stream);
                assertThat(download(stream, y)).containsExactly(300f, 200f);
                scale.arguments().tensor(x).tensor(y).int32(2).float32(100);
                assertThatThrownBy(() -> graph.update(scale, 2, 1, 1, 1, 32, 1, 1, 0))
                        .hasMessageContaining("launches kernel scale 2 times; index 2 is not among them");
            }
        }
    }

    @Test
    void waitingInACaptureSpoilsItAndTheStreamGoesOn() {
        try (CudaStream stream = context.stream()) {
            assertThatThrownBy(() -> CudaGraph.capture(stream, stream::synchronize))
                    .isInstanceOf(CudaException.class)
                    .hasMessageContaining("CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED (900)")
                    .hasMessageContaining("do not allocate, free or synchronise while a stream captures");
            assertThat(stream.isCapturing()).isFalse();
            assertThat(download(stream, upload(stream, 5))).containsExactly(5f);
        }
    }

    @Test
    void allocatingInACaptureIsAnError() {
        try (CudaStream stream = context.stream()) {
            assertThatThrownBy(() -> CudaGraph.capture(
                            stream, () -> context.memory().allocate(arena, DType.F32, Shape.of(1 << 20))))
                    .isInstanceOf(CudaException.class)
                    .hasMessageContaining("cuMemAlloc failed with CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED (900)");
        }
    }

    @Test
    void aProgramsStreamAndMemoryAreUsedAndLeft() {
        long stream = driver.streamCreate();
        long memory = driver.allocate(N * 4L);
        // As a program's own binding would have made them: not known to this provider object.
        CudaDriver fresh = CudaDrivers.open(driver.name());
        try (CudaContext own = CudaContext.current(fresh);
                CudaModule module = own.load(TestKernels.PTX);
                CudaStream wrapped = own.wrapStream(stream);
                CudaEvent event = own.event(true)) {
            Tensor x = Tensor.wrap(memory, DType.F32, SHAPE);
            MemorySegment ones = arena.allocate(JAVA_FLOAT, N);
            ones.setAtIndex(JAVA_FLOAT, 7, 4);
            wrapped.write(x, ones);
            Kernel scale = module.kernel("scale", TestKernels.SCALE);
            scale.arguments().tensor(x).tensor(x).int32(N).float32(0.25f);
            scale.launch(wrapped, 1, 256);
            event.record(wrapped);
            wrapped.await(event);
            wrapped.fill(x.rows(0, 1), (byte) 0);
            wrapped.copy(x.rows(1, 1), x.rows(7, 1));
            wrapped.read(x, ones);
            wrapped.synchronize();
            assertThat(wrapped.isDone()).isTrue();
            assertThat(ones.getAtIndex(JAVA_FLOAT, 7)).isEqualTo(1);
            assertThat(ones.getAtIndex(JAVA_FLOAT, 1)).isEqualTo(1);
            try (CudaGraph graph = CudaGraph.capture(wrapped, () -> {
                scale.arguments().tensor(x).tensor(x).int32(N).float32(8);
                scale.launch(wrapped, 1, 256);
            })) {
                graph.launch(wrapped);
            }
            wrapped.read(x, ones);
            wrapped.synchronize();
            assertThat(ones.getAtIndex(JAVA_FLOAT, 7)).isEqualTo(8);
        }
        driver.streamSynchronize(stream);
        driver.streamDestroy(stream);
        driver.free(memory);
    }

    @Test
    void theLegacyDefaultStreamCanBeWrapped() {
        try (CudaStream legacy = context.wrapStream(0)) {
            assertThat(download(legacy, upload(legacy, 9))).containsExactly(9f);
        }
    }

    @Test
    void parametersAreHeldAgainstTheCompiledCode() {
        try (CudaModule module = context.load(TestKernels.PTX)) {
            assertThatThrownBy(() -> module.kernel("scale", "const f32* x", "f32* y", "s64 n", "f32 a"))
                    .isInstanceOf(BackendException.class)
                    .hasMessageContaining(
                            "parameter 2, s64 n, should lie at byte 16 and have 8 bytes; the compiled code has 4 bytes at byte 16");
            assertThatThrownBy(() -> module.kernel("scale", "const f32* x", "f32* y", "s32 n"))
                    .hasMessageContaining("takes more than the 3 parameters");
            assertThatThrownBy(() -> module.kernel("scale", "const f32* x", "f32* y", "s32 n", "f32 a", "f32 b"))
                    .hasMessageContaining("parameter 4, f32 b")
                    .hasMessageContaining("no such parameter");
            assertThatThrownBy(() -> module.kernel("shrink"))
                    .isInstanceOf(CudaException.class)
                    .hasMessageContaining("cuModuleGetFunction(shrink) failed with CUDA_ERROR_NOT_FOUND (500)")
                    .hasMessageContaining("compare the name with the .entry lines of the PTX");
        }
    }

    @Test
    void parametersAreHeldAgainstTheManifest() {
        KernelEntry entry = new KernelEntry(
                "scale", 256, 0, 0, Map.of(), KernelParameter.layout("scale", List.of(TestKernels.SCALE)));
        Ptx described = new Ptx("test.ptx", TestKernels.PTX.text(), List.of(entry));
        try (CudaModule module = context.load(described)) {
            assertThat(module.kernel("scale", TestKernels.SCALE).maxThreads()).isEqualTo(256);
            assertThatThrownBy(() -> module.kernel("scale", "f32* y", "const f32* x", "s32 n", "f32 a"))
                    .hasMessageContaining(
                            "takes (const f32* x, f32* y, s32 n, f32 a), the caller passes (f32* y, const f32* x, s32 n, f32 a)");
            assertThatThrownBy(() -> module.kernel("shrink"))
                    .hasMessageContaining("test.ptx has no kernel shrink; it has scale");
        }
        KernelEntry larger = new KernelEntry("scale", 512, 128, 0, Map.of(), entry.parameters());
        try (CudaModule module = context.load(new Ptx("test.ptx", TestKernels.PTX.text(), List.of(larger)))) {
            assertThatThrownBy(() -> module.kernel("scale", TestKernels.SCALE))
                    .hasMessageContaining("was compiled for blocks of 256 threads; the manifest says 512;");
        }
        // As on Hopper, where the system reserves some of it.
        KernelEntry reserved = new KernelEntry("scale", 256, 128, 0, Map.of(), entry.parameters());
        try (CudaModule module = context.load(new Ptx("test.ptx", TestKernels.PTX.text(), List.of(reserved)))) {
            assertThat(module.kernel("scale", TestKernels.SCALE).maxThreads()).isEqualTo(256);
        }
    }

    /** The stub does not know how much shared memory a kernel has. */
    @Test
    @EnabledIf("emulated")
    void everyShippedKernelIsAsItsManifestSays() {
        for (KernelManifest.Module family : KernelManifest.shipped().modules()) {
            try (CudaModule module = context.load(Ptx.shipped(family.family()))) {
                for (KernelEntry entry : family.entries()) {
                    String[] declared = entry.parameters().stream()
                            .map(KernelParameter::toString)
                            .toArray(String[]::new);
                    assertThat(module.kernel(entry.name(), declared).maxThreads())
                            .isEqualTo(entry.block());
                }
            }
        }
    }

    @Test
    void wrongArgumentsAreNamed() {
        try (CudaStream stream = context.stream();
                CudaModule module = context.load(TestKernels.PTX)) {
            Kernel scale = module.kernel("scale", TestKernels.SCALE);
            Tensor x = context.memory().allocate(arena, DType.F32, SHAPE);
            Tensor half = context.memory().allocate(arena, DType.BF16, SHAPE);
            assertThatThrownBy(() -> scale.arguments().tensor(half))
                    .hasMessageContaining(
                            "kernel scale was given the tensor BF16[200]; expected const f32* x, parameter 0");
            assertThatThrownBy(() -> scale.arguments().int32(1))
                    .hasMessageContaining("given a 32-bit integer; expected const f32* x");
            assertThatThrownBy(() -> scale.arguments().tensor(x).tensor(x).float32(1))
                    .hasMessageContaining("given a float; expected s32 n, parameter 2");
            scale.arguments().tensor(x).tensor(x);
            assertThatThrownBy(() -> scale.launch(stream, 1, 32))
                    .hasMessageContaining("launched with 2 of 4 arguments; set s32 n and those after it first");
            scale.arguments().tensor(x).tensor(x).int32(0).float32(0);
            assertThatThrownBy(() -> scale.launch(stream, 1, 257)).hasMessageContaining("expected 1 to 256");
            assertThatThrownBy(() -> scale.launch(stream, 0, 1)).hasMessageContaining("a grid of 0 x 1 x 1");
            assertThatThrownBy(() -> scale.launch(stream, 1, 1, 1, 32, 1, 1, 64 << 10))
                    .hasMessageContaining("allowSharedMemory");
            assertThatThrownBy(() -> scale.allowSharedMemory(1 << 20)).hasMessageContaining("expected at most");
            scale.allowSharedMemory(64 << 10).launch(stream, 1, 1, 1, 32, 1, 1, 64 << 10);
        }
    }

    @Test
    void theCompilersLogStandsInTheError() {
        Ptx broken = Ptx.of("broken.ptx", ".version 7.4\n.target sm_80\n.address_size 64\nnot ptx;\n");
        assertThatThrownBy(() -> context.load(broken))
                .isInstanceOf(CudaException.class)
                .hasMessageContaining("cuModuleLoadDataEx failed with CUDA_ERROR_INVALID_PTX (218)")
                .hasMessageContaining("The compiler says:\n")
                .hasMessageContaining("line 4");
    }

    @Test
    void memoryIsReusedBySizeClassAndTrimmed() {
        DeviceMemory memory = context.memory();
        long free = driver.memoryInfo().free();
        long first;
        try (Arena short_ = Arena.ofConfined()) {
            first = memory.allocate(short_, DType.F32, Shape.of(1000)).address();
            assertThat(first % DeviceMemory.ALIGNMENT).isZero();
            assertThat(memory.allocations())
                    .singleElement()
                    .asString()
                    .contains("F32[1000], 4000 bytes, from ")
                    .contains("DriverSuite.java");
        }
        assertThat(memory.allocations()).isEmpty();
        assertThat(memory.idleBytes()).isEqualTo(4096);
        assertThat(memory.allocate(arena, DType.BF16, Shape.of(2040)).address()).isEqualTo(first);
        assertThat(memory.idleBytes()).isZero();
        try (Arena short_ = Arena.ofConfined()) {
            assertThat(memory.allocate(short_, DType.F32, Shape.of(0)).address())
                    .isNotZero();
        }
        memory.trim();
        assertThat(memory.idleBytes()).isZero();
        assertThat(driver.memoryInfo().free()).isLessThan(free);
    }

    @Test
    void idleMemoryIsBounded() {
        DeviceMemory memory = context.memory();
        long bound = DeviceMemory.defaultBound(driver.deviceTotalMemory(0));
        try (Arena large = Arena.ofConfined()) {
            memory.allocate(large, bound / 2, "half of the bound");
            memory.allocate(large, bound / 2, "half of the bound");
            memory.allocate(large, bound / 2, "half of the bound");
        }
        assertThat(memory.idleBytes()).isLessThanOrEqualTo(bound).isGreaterThanOrEqualTo(bound / 2);
    }

    @Test
    void outOfMemoryNamesWhoHoldsMost() {
        long total = driver.memoryInfo().total();
        context.memory().allocate(arena, total / 2, "ladders");
        assertThatThrownBy(() -> context.memory().allocate(arena, total * 3 / 4, "scores"))
                .isInstanceOf(BackendException.class)
                .hasMessageContaining(
                        "out of device memory: scores needs " + (total * 3 / 4 >> 20) + " MiB, the device has ")
                .hasMessageContaining("MiB free of " + (total >> 20))
                .hasMessageContaining((total / 2 >> 20) + " MiB from ")
                .hasMessageContaining("outOfMemoryNamesWhoHoldsMost");
        // What lies idle is given up before that.
        try (Arena short_ = Arena.ofConfined()) {
            context.memory().allocate(short_, total / 16, "idle soon");
        }
        try (Arena short_ = Arena.ofConfined()) {
            context.memory().allocate(short_, driver.memoryInfo().free() / 8 * 8, "all that is left");
        }
    }

    @Test
    void leaksAreReportedWithTheirSites() {
        List<String> logged = new ArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord record) {
                logged.add(record.getMessage());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger(DeviceMemory.class.getName());
        logger.setUseParentHandlers(false);
        logger.addHandler(handler);
        long free = driver.memoryInfo().free();
        try (Arena late = Arena.ofShared()) {
            try (CudaContext other = CudaContext.primary(driver, 0)) {
                other.memory().allocate(late, DType.F32, Shape.of(500));
            } finally {
                logger.removeHandler(handler);
            }
            assertThat(logged)
                    .singleElement()
                    .asString()
                    .contains("1 pieces of device memory were in use")
                    .contains("F32[500], 2000 bytes, from")
                    .contains("leaksAreReportedWithTheirSites");
            assertThat(driver.memoryInfo().free()).isEqualTo(free);
        }
        assertThat(driver.memoryInfo().free()).isEqualTo(free);
    }

    @Test
    void pinnedMemoryLivesAsLongAsItsArena() {
        MemorySegment outlives;
        try (Arena late = Arena.ofShared()) {
            try (CudaContext other = CudaContext.primary(driver, 0)) {
                outlives = other.pinned(late, 64);
                assertThat(outlives.byteSize()).isEqualTo(64);
            }
            outlives.set(JAVA_FLOAT, 60, 2);
        }
        assertThatThrownBy(() -> outlives.get(JAVA_FLOAT, 0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> context.pinned(arena, 0)).hasMessageContaining("expected at least 1");
    }

    @Test
    void closingTwiceIsFineAndUsingAfterwardsIsNot() {
        CudaStream stream = context.stream();
        CudaModule module = context.load(TestKernels.PTX);
        Kernel scale = module.kernel("scale", TestKernels.SCALE);
        KernelArguments kept = scale.arguments();
        CudaEvent event = context.event(false);
        CudaGraph graph = CudaGraph.capture(stream, () -> {});
        for (AutoCloseable closed : List.of(graph, event, module)) {
            assertThat(closed).satisfies(AutoCloseable::close).satisfies(AutoCloseable::close);
        }
        assertThatThrownBy(() -> scale.arguments())
                .hasMessageContaining("the CUDA module test.ptx was used after it was closed");
        // Setting what nobody will read does no harm; launching with it does.
        kept.pointer(0).pointer(0).int32(0).float32(0);
        assertThatThrownBy(() -> scale.launch(stream, 1, 32))
                .hasMessageContaining("the CUDA module test.ptx was used after it was closed");
        assertThatThrownBy(() -> event.record(stream))
                .hasMessageContaining("a CUDA event was used after it was closed");
        assertThatThrownBy(() -> graph.launch(stream))
                .hasMessageContaining("a CUDA graph was used after it was closed");
        stream.close();
        stream.close();
        assertThatThrownBy(stream::synchronize).hasMessageContaining("was used after it was closed");
        CudaContext other = CudaContext.primary(driver, 0);
        other.close();
        other.close();
        assertThatThrownBy(other::stream)
                .hasMessageContaining("the CUDA context on " + driver.deviceName(0) + " was used after it was closed");
        assertThatThrownBy(() -> other.memory().allocate(arena, DType.F32, SHAPE))
                .hasMessageContaining("used after it was closed");
    }

    @Test
    void errorsCarryCallCodeMeaningAndRemedy() {
        assertThatThrownBy(() -> driver.copyToHost(arena.allocate(4).address(), 16, 4))
                .isInstanceOfSatisfying(CudaException.class, e -> {
                    assertThat(e.call()).isEqualTo("cuMemcpyDtoH");
                    assertThat(e.code()).isEqualTo(1);
                    assertThat(e.isSticky()).isFalse();
                })
                .hasMessage(
                        "cuMemcpyDtoH failed with CUDA_ERROR_INVALID_VALUE (1): an argument is out of its range."
                                + " Likely remedy: this is a fault in the caller: check addresses, sizes and launch dimensions.");
    }

    /** The stub returns such an attribute's number as its result. */
    @Test
    @DisabledIf("emulated")
    void aCodeThatTheTableLacksHasTheDriversName() {
        try (CudaModule module = context.load(TestKernels.PTX)) {
            long function = module.kernel("scale", TestKernels.SCALE).function();
            assertThatThrownBy(() -> driver.functionSetAttribute(function, 205, 0))
                    .hasMessageStartingWith(
                            "cuFuncSetAttribute failed with CUDA_ERROR_MAP_FAILED (205). Likely remedy: look the code up");
            assertThatThrownBy(() -> driver.functionSetAttribute(function, 4711, 0))
                    .hasMessageStartingWith("cuFuncSetAttribute failed with an unknown code (4711).");
        }
    }

    /** Somebody else in the process may have switched them on. */
    @Test
    void jcudasOwnExceptionsAreUnderstood() {
        jcuda.driver.JCudaDriver.setExceptionsEnabled(true);
        try {
            assertThatThrownBy(() -> driver.copyToHost(arena.allocate(4).address(), 16, 4))
                    .isInstanceOf(CudaException.class)
                    .hasMessageContaining("cuMemcpyDtoH failed with CUDA_ERROR_INVALID_VALUE (1)");
        } finally {
            jcuda.driver.JCudaDriver.setExceptionsEnabled(false);
        }
    }

    @Test
    void whatJCudaLacksTheOtherProviderServes() {
        for (CudaCapability capability : List.of(CudaCapability.PARAMETER_INFO, CudaCapability.KERNEL_NODE_UPDATE)) {
            assertThat(context.offers(capability)).isTrue();
            assertThat(context.driver(capability).capabilities()).contains(capability);
        }
        assertThat(driver.capabilities().isEmpty()).isEqualTo(driver.name().equals("jcuda"));
    }

    /** What the emulator's Java half allocates is not the launch's. */
    @Test
    @DisabledIf("emulated")
    void steadyLaunchesMakeNoGarbage() {
        try (CudaStream stream = context.stream();
                CudaModule module = context.load(TestKernels.PTX)) {
            Kernel scale = module.kernel("scale", TestKernels.SCALE);
            Tensor x = context.memory().allocate(arena, DType.F32, SHAPE);
            long address = x.address();
            launches(scale, stream, address, 20_000);
            stream.synchronize();
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            threads.getCurrentThreadAllocatedBytes();
            long before = threads.getCurrentThreadAllocatedBytes();
            launches(scale, stream, address, 1000);
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;
            assertThat(allocated).as("bytes of 1000 launches").isZero();
        }
    }

    static boolean emulated() {
        return CudaLibrary.standIn().isPresent();
    }

    private static void launches(Kernel scale, CudaStream stream, long address, int count) {
        for (int i = 0; i < count; i++) {
            scale.arguments().pointer(address).pointer(address).int32(0).float32(1);
            scale.launch(stream, 1, 1, 1, 32, 1, 1, 0);
        }
    }

    /** Last, because the fault spoils the context for good. */
    @Test
    @Order(Integer.MAX_VALUE)
    void aFaultStaysAndIsClosedCleanly() {
        CudaStream stream = context.stream();
        CudaModule module = context.load(TestKernels.PTX);
        Tensor x = context.memory().allocate(arena, DType.F32, SHAPE);
        Kernel fault = module.kernel("fault", "f32* x");
        fault.arguments().tensor(x);
        fault.launch(stream, 1, 1);
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(stream::synchronize)
                    .isInstanceOfSatisfying(
                            CudaException.class, e -> assertThat(e.isSticky()).isTrue())
                    .hasMessageContaining("cuStreamSynchronize failed with CUDA_ERROR_ILLEGAL_ADDRESS (700)")
                    .hasMessageContaining("restart the process");
        }
        module.close();
        stream.close();
    }

    private Tensor upload(CudaStream stream, float... values) {
        Tensor tensor = context.memory().allocate(arena, DType.F32, Shape.of(values.length));
        MemorySegment pinned = context.pinned(arena, tensor.bytes());
        pinned.copyFrom(MemorySegment.ofArray(values));
        stream.write(tensor, pinned);
        return tensor;
    }

    private float[] download(CudaStream stream, Tensor tensor) {
        MemorySegment host = arena.allocate(tensor.bytes(), 8);
        stream.read(tensor, host);
        stream.synchronize();
        return host.toArray(JAVA_FLOAT);
    }
}
