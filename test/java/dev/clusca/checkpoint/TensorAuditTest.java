package dev.clusca.checkpoint;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Elements that are not finite, at every place of a word and of the parts that threads look through. */
class TensorAuditTest {
    @TempDir
    Path folder;

    /** The bits of the largest finite number, all of whose neighbours are it or its negative, and of a NaN and an infinity. */
    @ParameterizedTest
    @CsvSource({
        "F32,  7f7fffff,         7f800001,         ff800000",
        "BF16, 7f7f,             7f81,             ff80",
        "F16,  7bff,             7c01,             fc00",
        "F64,  47efffffe0000000, 7ff0000000000001, fff0000000000000",
        "F64,  47efffffe0000000, 48078287f49c4a1d, c7effffff0000000" // 1e39, and the least that float32 rounds to
        // infinity
    })
    void aSingleElementIsFound(DType dtype, String largest, String nan, String infinity) {
        for (int count : new int[] {1, 2, 3, 5, 8, 11}) {
            check(dtype, count, largest, -1, largest, true);
            for (int at = 0; at < count; at++) {
                check(dtype, count, largest, at, nan, false);
                check(dtype, count, largest, at, infinity, false);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"F32, 3f800000, 7fc00000", "BF16, 3f80, 7fc0"})
    void andInALargeTensor(DType dtype, String one, String nan) {
        int count = (9 << 20) / dtype.bytes() + 3;

        check(dtype, count, one, -1, nan, true);
        check(dtype, count, one, count - 1, nan, false);
        check(dtype, count, one, (4 << 20) / dtype.bytes(), nan, false);
    }

    private void check(DType dtype, int count, String all, int at, String there, boolean finite) {
        long usual = Long.parseUnsignedLong(all, 16);
        long odd = Long.parseUnsignedLong(there, 16);
        long sign = 1L << (8 * dtype.bytes() - 1);
        Shape shape = Shape.of(count);
        Path file = folder.resolve("one.safetensors");
        Safetensors.write(
                file,
                Map.of("x", SafetensorsTest.tensor(dtype, shape, bytes -> {
                    for (int i = 0; i < count; i++) {
                        put(bytes, dtype, i, i == at ? odd : i % 2 == 0 ? usual : usual | sign);
                    }
                })),
                Map.of());
        try (Checkpoint checkpoint = Checkpoints.open(file)) {
            TensorAudit audit = new TensorAudit(checkpoint, true);
            audit.tensor("x", shape);
            if (finite) {
                assertThatCode(() -> audit.report("wrong", _ -> false)).doesNotThrowAnyException();
            } else {
                assertThatThrownBy(() -> audit.report("wrong", _ -> false))
                        .as("%s, element %d of %d", dtype, at, count)
                        .hasMessageContaining("holding NaN or infinity (1): 'x'");
            }
        }
    }

    private static void put(ByteBuffer bytes, DType dtype, int i, long bits) {
        switch (dtype.bytes()) {
            case 2 -> bytes.putShort(2 * i, (short) bits);
            case 4 -> bytes.putInt(4 * i, (int) bits);
            default -> bytes.putLong(8 * i, bits);
        }
    }
}
