package dev.clusca.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SequencedSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DitShapesTest {
    /** Names and shapes without numbers. */
    private record Shapes(SequencedMap<String, Shape> shapes) implements Checkpoint {
        @Override
        public String source() {
            return "shapes";
        }

        @Override
        public List<Path> files() {
            return List.of();
        }

        @Override
        public SequencedSet<String> names() {
            return shapes.sequencedKeySet();
        }

        @Override
        public Map<String, String> metadata() {
            return Map.of();
        }

        @Override
        public Shape shape(String name) {
            return shapes.get(name);
        }

        @Override
        public String storedType(String name) {
            return "F32";
        }

        @Override
        public long bytes(String name) {
            return 4 * shape(name).elements();
        }

        @Override
        public Tensor tensor(String name) {
            throw new AssertionError("shapes alone must do");
        }

        @Override
        public void close() {}
    }

    private static DitShapes of(SequencedMap<String, Shape> shapes) {
        Shapes checkpoint = new Shapes(Collections.unmodifiableSequencedMap(shapes));
        return DitShapes.of(checkpoint, DitNaming.detect(checkpoint));
    }

    @ParameterizedTest
    @CsvSource({"DiT-S/8, 256", "DiT-B/4, 512", "DiT-L/2, 256", "DiT-XL/2, 256", "DiT-XL/2, 512"})
    void publishedSizesNeedNoConfiguration(String name, int imageSize) {
        DitConfig config = DitConfig.of(name, imageSize);
        SequencedMap<String, Shape> shapes = new LinkedHashMap<>(DitTensors.of(config));
        shapes.put(DitTensors.POSITIONS, DitTensors.positions(config));
        assertThat(of(shapes).publishedName()).contains(name);
        assertThat(of(shapes).config()).contains(config);
    }

    @Test
    void withoutPositionsTheExtentsAreNotKnown() {
        DitConfig config = DitConfig.of("XL/2", 256);
        assertThat(of(DitTensors.of(config)).publishedName()).contains("DiT-XL/2");
        assertThat(of(DitTensors.of(config)).config()).isEmpty();
    }

    @Test
    void missingOrStrangeTensorsTellNothing() {
        SequencedMap<String, Shape> shapes = new LinkedHashMap<>(DitTensors.of(DitConfig.of("S/8", 256)));
        shapes.put("x_embedder.proj.weight", Shape.of(384));
        assertThat(of(shapes)).isNull();
        shapes.remove("x_embedder.proj.weight");
        assertThat(of(shapes)).isNull();
    }
}
