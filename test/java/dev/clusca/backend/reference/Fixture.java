package dev.clusca.backend.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.Ops;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.tensor.Bf16;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;

/** A reference backend with tensors to try it on. Random contents come from {@code -Dclusca.seed}, which every failure names. */
public final class Fixture implements AutoCloseable {
    private static final long SEED = Long.getLong("clusca.seed", 20);

    public final Backend backend;
    public final Ops ops;
    public final Arena arena = Arena.ofShared();
    private final SplittableRandom random;

    public Fixture() {
        this(BackendOptions.DEFAULT);
    }

    public Fixture(BackendOptions options) {
        this(options, SEED);
    }

    public Fixture(BackendOptions options, long seed) {
        random = new SplittableRandom(seed);
        backend = new ReferenceProvider().open(options);
        ops = backend.ops();
    }

    /** A tensor full of NaN (or, of integers, the least one), so that a missing write shows. */
    public Tensor poison(DType dtype, long... extents) {
        double[] values = new double[(int) Shape.of(extents).elements()];
        Arrays.fill(values, dtype == DType.I32 ? Integer.MIN_VALUE : Double.NaN);
        return of(dtype, extents, values);
    }

    /** Numbers between -2 and 2. */
    public Tensor random(DType dtype, long... extents) {
        return of(
                dtype,
                extents,
                random.doubles(Shape.of(extents).elements(), -2, 2).toArray());
    }

    public Tensor ints(int... values) {
        return of(
                DType.I32,
                new long[] {values.length},
                Arrays.stream(values).asDoubleStream().toArray());
    }

    public Tensor floats(double... values) {
        return of(DType.F32, new long[] {values.length}, values);
    }

    public Tensor of(DType dtype, long[] extents, double... values) {
        Tensor tensor = backend.allocate(arena, dtype, Shape.of(extents));
        for (int i = 0; i < values.length; i++) {
            switch (dtype) {
                case F32 -> tensor.memory().setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) values[i]);
                case BF16 -> tensor.memory().setAtIndex(ValueLayout.JAVA_SHORT, i, Bf16.fromFloat((float) values[i]));
                case I32 -> tensor.memory().setAtIndex(ValueLayout.JAVA_INT, i, (int) values[i]);
                default -> throw new IllegalArgumentException(dtype.name());
            }
        }
        return tensor;
    }

    /** What a tensor holds once all work is done. */
    public double[] read(Tensor tensor) {
        backend.synchronize();
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

    public int[] readInts(Tensor tensor) {
        return Arrays.stream(read(tensor)).mapToInt(v -> (int) v).toArray();
    }

    /** A table of three steps whose cursor stands on the middle one, which holds {@code values}; the others are NaN. */
    public StepTable step(Map<Column, Double> values) {
        double[] rows = new double[3 * Column.COUNT];
        Arrays.fill(rows, Double.NaN);
        values.forEach((column, value) -> rows[Column.COUNT + column.ordinal()] = value);
        return new StepTable(of(DType.F32, new long[] {3, Column.COUNT}, rows), ints(1));
    }

    /** A random modulation of 4 chunks for batch rows whose conditions are 1, 0, 1, 0, ..; only the running step's part is a number. */
    public Modulation modulation(DType dtype, int rows, int width, StepTable steps) {
        Tensor table = random(dtype, 3, 2, 4, width);
        for (int step : new int[] {0, 2}) {
            table.slice(step).memory().fill((byte) 0xff);
        }
        int[] conditions = new int[rows];
        for (int r = 0; r < rows; r++) {
            conditions[r] = 1 - r % 2;
        }
        return new Modulation(table, ints(conditions), steps);
    }

    /** Element {@code c} of a batch row's chunk of {@link #modulation}. */
    double modulated(Modulation modulation, int row, int chunk, int c) {
        int width = modulation.table().shape().size(3);
        return read(modulation.table())[(((1 * 2) + (1 - row % 2)) * 4 + chunk) * width + c];
    }

    /** Every element is the exact value rounded once, to the tensor's type. */
    void assertRounded(Tensor actual, double[] exact) {
        double[] found = read(actual);
        assertThat(found).hasSameSizeAs(exact);
        int fraction = actual.dtype() == DType.BF16 ? 7 : 23;
        for (int i = 0; i < exact.length; i++) {
            if (Double.isNaN(exact[i])) {
                assertThat(found[i])
                        .as("%s, element %d, -Dclusca.seed=%d", actual, i, SEED)
                        .isNaN();
            } else {
                // Half a unit in the last place, and what another order of float64 sums may change.
                double half = Math.scalb(0.5, Math.getExponent(exact[i]) - fraction);
                assertThat(Math.abs(found[i] - exact[i]))
                        .as("%s, element %d is %s, exactly %s; -Dclusca.seed=%d", actual, i, found[i], exact[i], SEED)
                        .isLessThanOrEqualTo(half + 1e-12);
            }
        }
    }

    @Override
    public void close() {
        backend.close();
        arena.close();
    }
}
