package dev.clusca.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.tensor.Bf16;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsTest {
    @TempDir
    Path folder;

    @Test
    void readsAPublishedFile() {
        try (Checkpoint golden =
                Safetensors.open(Path.of(System.getProperty("clusca.golden"), "dit/diffusion.safetensors"))) {
            assertThat(golden.names()).hasSize(68).contains("ddim50.betas");
            assertThat(golden.shape("update.model_output")).isEqualTo(Shape.of(2, 8, 8, 8));
            assertThat(golden.ints("10.timestep_map")).containsExactly(0, 111, 222, 333, 444, 555, 666, 777, 888, 999);
            assertThat(golden.doubles("10.betas")[0]).isEqualTo(1 - (1 - 1e-4));
        }
    }

    @Test
    void givesBackWhatWasWritten() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put(
                "floats",
                tensor(
                        DType.F32,
                        Shape.of(2, 2),
                        b -> b.putFloat(1).putFloat(-0f).putFloat(Float.NaN).putFloat(Float.MIN_VALUE)));
        tensors.put(
                "bf16",
                tensor(
                        DType.BF16,
                        Shape.of(3),
                        b -> b.putShort(Bf16.fromFloat(1.5f))
                                .putShort(Bf16.fromFloat(-2.5f))
                                .putShort((short) 1)));
        tensors.put(
                "f16",
                tensor(
                        DType.F16,
                        Shape.of(2),
                        b -> b.putShort(Float.floatToFloat16(0.1f)).putShort((short) 0xfc00)));
        tensors.put("f64", tensor(DType.F64, Shape.of(1, 1), b -> b.putDouble(Math.PI)));
        tensors.put("i32", tensor(DType.I32, Shape.of(2), b -> b.putInt(-1).putInt(7)));
        tensors.put("i64", tensor(DType.I64, Shape.of(1), b -> b.putLong(-5)));
        tensors.put("big", tensor(DType.I64, Shape.of(), b -> b.putLong(1L << 40)));
        tensors.put("empty \u00e9\"\\", tensor(DType.F32, Shape.of(0, 5), b -> {}));
        Map<String, String> metadata = Map.of("format", "pt", "note", "a \"quoted\" text\nof two lines");
        Path file = folder.resolve("all.safetensors");
        Safetensors.write(file, tensors, metadata);

        try (Checkpoint read = Safetensors.open(file)) {
            assertThat(read.names()).containsExactlyInAnyOrderElementsOf(tensors.keySet());
            assertThat(read.metadata()).isEqualTo(metadata);
            assertThat(read.floats("floats")).containsExactly(1, -0f, Float.NaN, Float.MIN_VALUE);
            assertThat(read.floats("bf16")).containsExactly(1.5f, Bf16.round(-2.5f), Bf16.toFloat((short) 1));
            assertThat(read.floats("f16"))
                    .containsExactly(Float.float16ToFloat(Float.floatToFloat16(0.1f)), Float.NEGATIVE_INFINITY);
            assertThat(read.doubles("f64")).containsExactly(Math.PI);
            assertThat(read.floats("f64")).containsExactly((float) Math.PI);
            assertThat(read.ints("i32")).containsExactly(-1, 7);
            assertThat(read.ints("i64")).containsExactly(-5);
            assertThat(read.shape("big").rank()).isZero();
            assertThat(read.floats("empty \u00e9\"\\")).isEmpty();
            assertThatThrownBy(() -> read.ints("big"))
                    .hasMessageContaining("element 0")
                    .hasMessageContaining("1099511627776");
            assertThatThrownBy(() -> read.floats("i32"))
                    .hasMessageContaining("I32[2]")
                    .hasMessageContaining("floating-point");
            assertThatThrownBy(() -> read.ints("floats"))
                    .hasMessageContaining("F32[2, 2]")
                    .hasMessageContaining("integer");
        }
    }

    @Test
    void writesTheSameBytesWhateverTheOrder() throws IOException {
        Tensor a = tensor(DType.BF16, Shape.of(1), b -> b.putShort((short) 3));
        Tensor b = tensor(DType.F64, Shape.of(1), buffer -> buffer.putDouble(2));
        Map<String, Tensor> forwards = new LinkedHashMap<>();
        forwards.put("a", a);
        forwards.put("b", b);
        Map<String, Tensor> backwards = new LinkedHashMap<>();
        backwards.put("b", b);
        backwards.put("a", a);
        Path first = folder.resolve("first");
        Path second = folder.resolve("second");
        Safetensors.write(first, forwards, Map.of("x", "1", "y", "2", "z", "3"));
        Safetensors.write(second, backwards, Map.of("z", "3", "y", "2", "x", "1"));
        assertThat(first).hasSameBinaryContentAs(second);
    }

    @Test
    void readsUnalignedTensors() throws IOException {
        byte[] data = new byte[1 + 4];
        ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN).put((byte) 9).putFloat(2.5f);
        Path file = file(
                "{\"byte\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[1,5]}}",
                data);
        try (Checkpoint read = Safetensors.open(file)) {
            assertThat(read.floats("x")).containsExactly(2.5f);
            assertThat(read.tensor("x").address() % 4).isNotZero();
        }
    }

    @Test
    void namesATypeThatItDoesNotReadOnlyWhenAsked() throws IOException {
        Path file = file(
                "{\"mask\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[0,3]},\"f\":{\"dtype\":\"F4\",\"shape\":[4],\"data_offsets\":[3,5]}}",
                new byte[5]);
        try (Checkpoint read = Safetensors.open(file)) {
            assertThat(read.names()).containsExactly("mask", "f");
            assertThat(read.shape("mask")).isEqualTo(Shape.of(3));
            assertThatThrownBy(() -> read.tensor("mask"))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("'mask'")
                    .hasMessageContaining("BOOL")
                    .hasMessageContaining("F32, BF16, F16, F64, I32, I64");
        }
    }

    @Test
    void readsTheFarEndOfAFileBeyond2GiB() throws IOException {
        long bytes = 5L << 30;
        Path file = folder.resolve("large.safetensors");
        byte[] header = ("{\"large\":{\"dtype\":\"F32\",\"shape\":[" + (bytes / 4 / 256) + ",256],\"data_offsets\":[0,"
                        + bytes + "]}}")
                .getBytes(StandardCharsets.UTF_8);
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
            channel.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, header.length));
            channel.write(ByteBuffer.wrap(header));
            channel.write(
                    ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(0, 42),
                    8 + header.length + bytes - 4);
        }
        try (Checkpoint read = Safetensors.open(file)) {
            Tensor large = read.tensor("large");
            assertThat(large.bytes()).isEqualTo(bytes);
            float[] last = Elements.floats(large.slice(bytes / 4 / 256 - 1));
            assertThat(last).hasSize(256).endsWith(42);
            assertThat(last[0]).isZero();
        }
    }

    @Test
    void tensorsOfAClosedCheckpointSaySo() throws IOException {
        Path file = file("{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", new byte[4]);
        Checkpoint read = Safetensors.open(file);
        Tensor x = read.tensor("x");
        read.close();
        read.close();
        assertThatThrownBy(() -> Elements.floats(x))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("after its arena was closed");
    }

    @Test
    void namesWhatIsNotThere() throws IOException {
        assertThatThrownBy(() -> Safetensors.open(folder.resolve("absent")))
                .isInstanceOf(CheckpointException.class)
                .hasMessageEndingWith("absent does not exist");
        assertThatThrownBy(() -> Safetensors.open(folder))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("is a folder");
        Path file = file("{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", new byte[4]);
        try (Checkpoint read = Safetensors.open(file)) {
            assertThatThrownBy(() -> read.tensor("y"))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("no tensor 'y'")
                    .hasMessageContaining("'x'");
        }
    }

    private Path file(String header, byte[] data) throws IOException {
        return Files.write(folder.resolve("file.safetensors"), SafetensorsBytes.of(header, data));
    }

    static Tensor tensor(DType dtype, Shape shape, Consumer<ByteBuffer> fill) {
        byte[] bytes = new byte[(int) shape.elements() * dtype.bytes()];
        fill.accept(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
        return Tensor.of(MemorySegment.ofArray(bytes), dtype, shape);
    }

    @Test
    void emptyFileOfNoTensors() {
        Path file = folder.resolve("none");
        Safetensors.write(file, Map.of(), Map.of());
        try (Checkpoint read = Safetensors.open(file)) {
            assertThat(List.copyOf(read.names())).isEmpty();
        }
    }
}
