package dev.clusca.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.backend.Linear;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.Ops;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.tensor.Bf16;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/** The reference and the cpu backend side by side, and tensors that hold the same on both. Contents come from {@code -Dclusca.seed}, which every failure names. */
final class Twins implements AutoCloseable {
    static final long SEED = Long.getLong("clusca.seed", 30);

    private static final int GUARD = 256;
    private static final byte GUARD_BYTE = 0x5a;

    final Backend cpu;
    final Arena arena = Arena.ofShared();
    final SplittableRandom random = new SplittableRandom(SEED);
    private final Backend reference = Backends.require("reference", new BackendOptions(1));
    private final List<MemorySegment> guards = new ArrayList<>();

    /** A tensor of each backend. */
    record Twin(Tensor reference, Tensor cpu) {}

    /** A layer of each backend. */
    record TwinLinear(Linear reference, Linear cpu) {}

    record TwinSteps(StepTable reference, StepTable cpu) {}

    record TwinModulation(Modulation reference, Modulation cpu) {}

    /** One side of all twins. */
    interface Side {
        Ops ops();

        Tensor of(Twin twin);

        Linear of(TwinLinear twin);

        StepTable of(TwinSteps twin);

        Modulation of(TwinModulation twin);
    }

    interface Work {
        void on(Side side);
    }

    Twins(int threads) {
        cpu = Backends.require("cpu", new BackendOptions(threads));
    }

    /** Does the same on both backends, waits, and holds the memory around all tensors of the cpu backend to what it was. */
    void run(Work work) {
        work.on(side(true));
        work.on(side(false));
        reference.synchronize();
        cpu.synchronize();
        for (MemorySegment guard : guards) {
            for (long i = 0; i < guard.byteSize(); i++) {
                assertThat(guard.get(ValueLayout.JAVA_BYTE, i))
                        .as("byte %d of the guard around a tensor; -Dclusca.seed=%d", i, SEED)
                        .isEqualTo(GUARD_BYTE);
            }
        }
    }

    private Side side(boolean first) {
        return new Side() {
            @Override
            public Ops ops() {
                return first ? reference.ops() : cpu.ops();
            }

            @Override
            public Tensor of(Twin twin) {
                return first ? twin.reference : twin.cpu;
            }

            @Override
            public Linear of(TwinLinear twin) {
                return first ? twin.reference : twin.cpu;
            }

            @Override
            public StepTable of(TwinSteps twin) {
                return first ? twin.reference : twin.cpu;
            }

            @Override
            public Modulation of(TwinModulation twin) {
                return first ? twin.reference : twin.cpu;
            }
        };
    }

    /** Full of NaN or, of integers, the least one: a missing write shows. */
    Twin poison(DType dtype, long... extents) {
        return fill(dtype, extents, () -> dtype == DType.I32 ? Integer.MIN_VALUE : Double.NaN);
    }

    /** Numbers between -2 and 2. */
    Twin random(DType dtype, long... extents) {
        return fill(dtype, extents, () -> random.nextDouble(-2, 2));
    }

    Twin integers(int from, int to, long... extents) {
        return fill(DType.I32, extents, () -> random.nextInt(from, to));
    }

    Twin of(DType dtype, long[] extents, double... values) {
        int[] next = {0};
        return fill(dtype, extents, () -> values[next[0]++]);
    }

    Twin fill(DType dtype, long[] extents, DoubleSupplier values) {
        Shape shape = Shape.of(extents);
        Tensor first = reference.allocate(arena, dtype, shape);
        for (long i = 0; i < shape.elements(); i++) {
            set(first, i, values.getAsDouble());
        }
        // Allocated with room around it, to see stray writes.
        Tensor room = cpu.allocate(arena, DType.BF16, Shape.of(GUARD + (first.bytes() + 1) / 2));
        room.memory().fill(GUARD_BYTE);
        guards.add(room.memory().asSlice(0, GUARD));
        guards.add(room.memory().asSlice(GUARD + first.bytes()));
        MemorySegment inner = room.memory().asSlice(GUARD, first.bytes());
        inner.copyFrom(first.memory());
        return new Twin(first, Tensor.of(inner, dtype, shape));
    }

    private static void set(Tensor tensor, long i, double value) {
        MemorySegment memory = tensor.memory();
        switch (tensor.dtype()) {
            case F32 -> memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) value);
            case BF16 -> memory.setAtIndex(ValueLayout.JAVA_SHORT, i, Bf16.fromFloat((float) value));
            case I32 -> memory.setAtIndex(ValueLayout.JAVA_INT, i, (int) value);
            default -> throw new IllegalArgumentException(tensor.dtype().name());
        }
    }

    TwinLinear linear(int inputs, int outputs, boolean bias, DType given, DType dtype) {
        Twin weight = random(given, outputs, inputs);
        return linear(weight, bias ? random(DType.F32, outputs) : null, dtype);
    }

    TwinLinear linear(Twin weight, @Nullable Twin biases, DType dtype) {
        return new TwinLinear(
                reference.linear(arena, weight.reference, biases == null ? null : biases.reference, dtype),
                cpu.linear(arena, weight.cpu, biases == null ? null : biases.cpu, dtype));
    }

    /** A table of three steps whose cursor stands on the middle one, which holds {@code values}; the others are NaN. */
    TwinSteps step(Map<Column, Double> values) {
        double[] rows = new double[3 * Column.COUNT];
        Arrays.fill(rows, Double.NaN);
        values.forEach((column, value) -> rows[Column.COUNT + column.ordinal()] = value);
        Twin table = of(DType.F32, new long[] {3, Column.COUNT}, rows);
        Twin cursor = of(DType.I32, new long[] {1}, 1);
        return new TwinSteps(new StepTable(table.reference, cursor.reference), new StepTable(table.cpu, cursor.cpu));
    }

    /** A random modulation of 4 chunks and 2 conditions, shared out to the batch rows at random. */
    TwinModulation modulation(DType dtype, int rows, int width, TwinSteps steps) {
        Twin table = random(dtype, 3, 2, 4, width);
        Twin conditions = integers(0, 2, rows);
        return new TwinModulation(
                new Modulation(table.reference, conditions.reference, steps.reference),
                new Modulation(table.cpu, conditions.cpu, steps.cpu));
    }

    static double[] values(Tensor tensor) {
        double[] values = new double[(int) tensor.shape().elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (tensor.dtype()) {
                case F32 -> tensor.memory().getAtIndex(ValueLayout.JAVA_FLOAT, i);
                case BF16 -> Bf16.toFloat(tensor.memory().getAtIndex(ValueLayout.JAVA_SHORT, i));
                case I32 -> tensor.memory().getAtIndex(ValueLayout.JAVA_INT, i);
                default -> throw new IllegalArgumentException(tensor.dtype().name());
            };
        }
        return values;
    }

    static void assertEqual(String what, Twin twin) {
        assertThat(twin.cpu.memory().mismatch(twin.reference.memory()))
                .as("first byte of %s that differs from the reference's; -Dclusca.seed=%d", what, SEED)
                .isEqualTo(-1);
    }

    /** The relative L2 error is at most 1e-5 in F32; in BF16 at most {@code bf16}, to which rounding once contributes nothing but ties. */
    static void assertClose(String what, Twin twin, double bf16) {
        double[] expected = values(twin.reference);
        double[] found = values(twin.cpu);
        double error = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            if (Double.isNaN(expected[i])) {
                assertThat(found[i])
                        .as("%s, element %d; -Dclusca.seed=%d", what, i, SEED)
                        .isNaN();
            } else {
                error += (found[i] - expected[i]) * (found[i] - expected[i]);
                norm += expected[i] * expected[i];
            }
        }
        assertThat(Math.sqrt(error))
                .as("L2 error of %s beside norm %s; -Dclusca.seed=%d", what, Math.sqrt(norm), SEED)
                .isLessThanOrEqualTo((twin.cpu.dtype() == DType.F32 ? 1e-5 : bf16) * Math.sqrt(norm) + 1e-30);
    }

    @Override
    public void close() {
        cpu.close();
        reference.close();
        arena.close();
    }
}
