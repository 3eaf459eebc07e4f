package dev.clusca.backend.cuda;

import dev.clusca.backend.Backend;
import dev.clusca.backend.Draws;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A step table whose numbers differ from step to step, with its cursor on the first. */
final class Steps {
    private final Backend backend;
    private final Arena arena;
    private final StepTable table;

    Steps(Backend backend, Arena arena, int steps) {
        this.backend = backend;
        this.arena = arena;
        table = new StepTable(
                backend.allocate(arena, DType.F32, Shape.of(steps, Column.COUNT)),
                backend.allocate(arena, DType.I32, Shape.of(1)));
        float[] rows = new float[steps * Column.COUNT];
        for (int s = 0; s < steps; s++) {
            int row = s * Column.COUNT;
            for (Column column : Column.values()) {
                rows[row + column.ordinal()] = 0.5f + 0.125f * s + 0.0625f * column.ordinal();
            }
            rows[row + Column.STEP.ordinal()] = steps - 1 - s;
            rows[row + Column.TERMS.ordinal()] = 1 + s % 3;
            rows[row + Column.LADDER_TERMS.ordinal()] = Math.min(3, 1 + s);
            rows[row + Column.LADDER_DIVISOR.ordinal()] = -1 - s;
            rows[row + Column.NOISE_WEIGHT.ordinal()] = 0;
        }
        backend.write(table.rows(), MemorySegment.ofArray(rows));
        rewind();
    }

    StepTable table() {
        return table;
    }

    /** Back to the first step. */
    void rewind() {
        backend.write(table.cursor(), MemorySegment.ofArray(new int[1]));
    }

    /** Draws for so many batch rows. */
    Draws draws(int rows) {
        int[] ids = new int[rows];
        for (int r = 0; r < rows; r++) {
            ids[r] = 2 * r + r % 2;
        }
        var images = backend.allocate(arena, DType.I32, Shape.of(rows));
        backend.write(images, MemorySegment.ofArray(ids));
        return new Draws(0x9E3779B97F4A7C15L, images, 0, table);
    }
}
