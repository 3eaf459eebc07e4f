package dev.clusca.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadAheadTest {
    @TempDir
    Path folder;

    @Test
    void endsAfterTheLastPart() throws Exception {
        Path file = Files.write(folder.resolve("file"), new byte[(9 << 20) + 1]);

        ReadAhead.of(file, List.of(new ReadAhead.Part(5, 9 << 20), new ReadAhead.Part(0, (9 << 20) + 1)))
                .await();
    }

    /** A file that shrinks, or goes away, is for the mapping to tell. */
    @Test
    void endsWhereTheFileDoes() throws Exception {
        Path file = Files.write(folder.resolve("file"), new byte[100]);

        ReadAhead.of(file, List.of(new ReadAhead.Part(50, 1L << 40))).await();
        ReadAhead.of(folder.resolve("none"), List.of(new ReadAhead.Part(0, 1))).await();
    }

    @Test
    void stopsWhenItIsClosed() throws Exception {
        Path sparse = folder.resolve("sparse");
        try (var channel = FileChannel.open(sparse, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(1), 1L << 40);
        }
        ReadAhead ahead = ReadAhead.of(sparse, List.of(new ReadAhead.Part(0, 1L << 40)));

        ahead.close();
        ahead.await();
    }

    /** More than what is worth it. */
    @Test
    void aCheckpointIsReadAsWithoutIt() throws IOException {
        int half = (33 << 20) / DType.BF16.bytes();
        Path file = folder.resolve("large.safetensors");
        Safetensors.write(
                file,
                Map.of(
                        "a", SafetensorsTest.tensor(DType.BF16, Shape.of(half), b -> b.putShort(0, (short) 0x3f80)),
                        "b", SafetensorsTest.tensor(DType.BF16, Shape.of(half), b -> b.putShort(2, (short) 0x4000))),
                Map.of());
        try (Checkpoint checkpoint = Checkpoints.open(file)) {
            checkpoint.readAhead(List.of("b", "a"));

            assertThat(checkpoint.floats("a")).startsWith(1, 0);
            assertThat(checkpoint.floats("b")).startsWith(0, 2);
            assertThatThrownBy(() -> checkpoint.readAhead(List.of("c"))).hasMessageContaining("has no tensor 'c'");
        }
    }
}
