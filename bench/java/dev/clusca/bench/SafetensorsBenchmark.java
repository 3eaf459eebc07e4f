package dev.clusca.bench;

import dev.clusca.checkpoint.Checkpoint;
import dev.clusca.checkpoint.Safetensors;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Reading a checkpoint that the page cache holds: 128 MiB in as many tensors as DiT-XL/2 has. Each call maps the file anew, so page faults are part of it, as they are when a model is loaded. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgs = "--enable-native-access=ALL-UNNAMED")
public class SafetensorsBenchmark {
    private static final int TENSORS = 288;
    private static final long BYTES = 128L << 20;
    private static final Shape SHAPE = Shape.of(BYTES / TENSORS / Float.BYTES);

    private final Arena arena = Arena.ofShared();
    private Path file = Path.of("");
    private MemorySegment memory = MemorySegment.NULL;

    /** What a call read; JMH divides it by the time. */
    @AuxCounters
    @State(Scope.Thread)
    public static class Rate {
        public double gigabytes;
    }

    @Setup
    public void write() throws IOException {
        memory = arena.allocate(SHAPE.elements() * Float.BYTES, 64);
        Tensor tensor = Tensor.of(memory, DType.F32, SHAPE);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (int i = 0; i < TENSORS; i++) {
            tensors.put("blocks." + i / 10 + ".tensor" + i % 10 + ".weight", tensor);
        }
        file = Files.createTempFile("clusca-bench", ".safetensors");
        Safetensors.write(file, tensors, Map.of());
    }

    @TearDown
    public void delete() throws IOException {
        Files.deleteIfExists(file);
        arena.close();
    }

    /** Mapping the file and checking its header, without reading a tensor. */
    @Benchmark
    @BenchmarkMode(Mode.AverageTime)
    @OutputTimeUnit(TimeUnit.NANOSECONDS)
    public int open() {
        try (Checkpoint checkpoint = Safetensors.open(file)) {
            return checkpoint.names().size();
        }
    }

    /** Opening it and copying each tensor out. */
    @Benchmark
    public void load(Rate rate) {
        try (Checkpoint checkpoint = Safetensors.open(file)) {
            for (String name : checkpoint.names()) {
                memory.copyFrom(checkpoint.tensor(name).memory());
            }
        }
        rate.gigabytes += TENSORS * memory.byteSize() * 1e-9;
    }
}
