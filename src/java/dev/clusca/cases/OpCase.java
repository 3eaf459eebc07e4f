package dev.clusca.cases;

import dev.clusca.backend.StepTable.Column;
import dev.clusca.pipeline.profile.Cost;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/**
 * One operation with its shapes, types, data and call: enough to run it on any backend, to compare two, and to count the bytes it moves.
 *
 * @param op the method of {@link dev.clusca.backend.Ops}
 * @param variant extents and settings, as a part of the name
 * @param args tensors in the order in which they are filled
 * @param policy how exact results must be
 * @param expectsNaN whether a NaN goes in, and so must come out
 * @param lanes about how many lane-instructions an emulated GPU takes, from the results; 0 where they are few
 */
public record OpCase(
        String op,
        Precision precision,
        String variant,
        List<Arg> args,
        Policy policy,
        boolean expectsNaN,
        ToLongFunction<Map<String, Raw>> lanes,
        Call call) {
    /** What the arguments of a linear layer are called, behind the layer's name. */
    static final String WEIGHT = "weight";

    static final String BIAS = "bias";
    private static final long LARGE = 1 << 18;

    /** How exact the results are. */
    public enum Policy {
        /** The reference's bits. */
        EXACT(0),
        /** Sums and products: F32 within 1e-5 relative L2, BF16 within twice the simplest implementation's error. */
        ROUNDED(2),
        /** As {@link #ROUNDED}, but exp or tanh may be approximated in BF16: three times. */
        TRANSCENDENTAL(3);

        private final int factor;

        Policy(int factor) {
            this.factor = factor;
        }

        /** How many times the error of the simplest BF16 implementation is allowed. */
        public int factor() {
            return factor;
        }
    }

    /**
     * Enqueues the operation, and nothing else: it is called on backends, while they record, with arguments of BF16 widened to F32, and on shapes that have no memory, to count what it costs. So types and
     * shapes come from {@link OpRun#get}.
     */
    @FunctionalInterface
    public interface Call {
        void enqueue(OpRun run);
    }

    /** As {@code gemm/bf16/33x97x128}. */
    public String name() {
        return op + "/" + precision.label() + (variant.isEmpty() ? "" : "/" + variant);
    }

    /** The tensors' shapes: {@code x[2, 33, 97] index[2, 3] -> rows[2, 3, 97]}. */
    public String shape() {
        return shapes(false) + " -> " + shapes(true);
    }

    private String shapes(boolean results) {
        return args.stream()
                .filter(a -> a.role().isResult() == results)
                .map(a -> a.name() + a.shape())
                .collect(Collectors.joining(" "));
    }

    /** What the operation has to move and to compute at least. */
    public Cost cost() {
        return OpRun.cost(this);
    }

    /** F32 or BF16: the type of weights and activations. */
    public DType multipliedIn() {
        return precision.activations();
    }

    /** Whether the operation changes what it reads: run again, it does something else. */
    public boolean isInPlace() {
        return args.stream().anyMatch(a -> a.role() == Arg.Role.INOUT);
    }

    /** Bytes of memory that the arguments take. */
    public long footprint() {
        return args.stream().mapToLong(Arg::bytes).sum();
    }

    /** Whether it is tested on tensors that begin off their alignment: every other case is, but for large ones, whose kernels are those that models take. */
    public boolean isSkewed() {
        return footprint() < LARGE && Math.floorMod(name().hashCode(), 2) == 1;
    }

    /**
     * Begins a case.
     *
     * @param op the method of {@link dev.clusca.backend.Ops}
     * @param variant parts of the name behind the operation's and the types'
     */
    public static Builder of(String op, Precision precision, Object... variant) {
        return new Builder(
                op, precision, Arrays.stream(variant).map(Object::toString).collect(Collectors.joining("/")));
    }

    /**
     * Puts a case together; {@link #call} ends it. Arguments are added in the order in which they are filled.
     *
     * @see dev.clusca.measure.KernelBenchmark KernelBenchmark, with an example
     */
    public static final class Builder {
        private final String op;
        private final Precision precision;
        private final String variant;
        private final Map<String, Arg> args = new LinkedHashMap<>();
        private Policy policy = Policy.ROUNDED;
        private boolean expectsNaN;
        private ToLongFunction<Map<String, Raw>> lanes = _ -> 0;

        private Builder(String op, Precision precision, String variant) {
            this.op = op;
            this.precision = precision;
            this.variant = variant;
        }

        /** An argument that is read, and must come back unchanged. */
        public Builder in(String name, DType dtype, Shape shape, Arg.Fill fill) {
            return add(name, Arg.Role.IN, dtype, shape, fill);
        }

        /** An argument that is written, every element of it. */
        public Builder out(String name, DType dtype, long... shape) {
            return add(name, Arg.Role.OUT, dtype, Shape.of(shape), Arg.Fill.constant(0));
        }

        /** An argument that is read and written. */
        public Builder inOut(String name, DType dtype, Shape shape, Arg.Fill fill) {
            return add(name, Arg.Role.INOUT, dtype, shape, fill);
        }

        /** How exact the results must be; {@link Policy#ROUNDED} where nothing is said. */
        public Builder policy(Policy p) {
            policy = p;
            return this;
        }

        /** A NaN goes in: an output must have one too. */
        public Builder expectsNaN() {
            expectsNaN = true;
            return this;
        }

        /** How much work an emulated GPU has, where that can be a lot. */
        public Builder lanes(ToLongFunction<Map<String, Raw>> estimate) {
            lanes = estimate;
            return this;
        }

        /** Weights {@code [outputs, inputs]} scaled so that outputs are near 1, and a bias if wanted; {@link OpRun#linear} makes the layer. */
        public Builder linear(int inputs, int outputs, boolean bias) {
            return linear("", inputs, outputs, bias);
        }

        /** The same under a name of its own, where an operation takes several layers; {@link OpRun#linear(String)} makes it. */
        public Builder linear(String name, int inputs, int outputs, boolean bias) {
            DType type = precision.activations();
            add(name + WEIGHT, Arg.Role.WEIGHT, type, Shape.of(outputs, inputs), Arg.Fill.bell(1 / Math.sqrt(inputs)));
            return bias ? add(name + BIAS, Arg.Role.WEIGHT, type, Shape.of(outputs), Arg.Fill.bell(0.5)) : this;
        }

        /** A table of three steps with these columns at the running one, the second; the others hold a number that would show. */
        public Builder steps(Map<Column, Float> columns) {
            in("steps", DType.F32, Shape.of(3, Column.COUNT), (arg, rng, earlier) -> {
                float[] v = new float[arg.count()];
                Arrays.fill(v, 2.75f);
                for (Column c : Column.values()) {
                    v[Column.COUNT + c.ordinal()] = columns.getOrDefault(c, 0f);
                }
                return v;
            });
            return in("cursor", DType.I32, Shape.of(1), Arg.Fill.constant(1));
        }

        /** Modulations of three steps and two conditions, rows alternating between the conditions; {@link OpRun#modulation} takes them together. */
        public Builder modulation(int rows, int chunks, int width, Map<Column, Float> columns) {
            in("modulation", precision.activations(), Shape.of(3, 2, chunks, width), Arg.Fill.bell(0.5));
            in("conditions", DType.I32, Shape.of(rows), (arg, rng, earlier) -> {
                float[] v = new float[arg.count()];
                for (int i = 0; i < v.length; i++) {
                    v[i] = (i + 1) % 2;
                }
                return v;
            });
            return steps(columns);
        }

        /** Ends the case with what enqueues the operation. */
        public OpCase call(Call call) {
            if (args.values().stream().noneMatch(arg -> arg.role().isResult())) {
                throw new IllegalArgumentException(
                        op + ": the case has no result to check; name what the operation writes with out or inOut");
            }
            return new OpCase(op, precision, variant, new ArrayList<>(args.values()), policy, expectsNaN, lanes, call);
        }

        private Builder add(String name, Arg.Role role, DType dtype, Shape shape, Arg.Fill fill) {
            if (!dtype.isCompute() && dtype != DType.I32) {
                throw new IllegalArgumentException(
                        op + ": the argument " + name + " is " + dtype.label() + "; cases have f32, bf16 and i32");
            }
            if (shape.elements() == 0) {
                throw new IllegalArgumentException(op + ": the argument " + name + shape + " has no elements");
            }
            if (args.put(name, new Arg(name, role, dtype, shape, fill)) != null) {
                throw new IllegalArgumentException(op + ": there are two arguments named " + name);
            }
            return this;
        }
    }
}
