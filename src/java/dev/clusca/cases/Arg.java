package dev.clusca.cases;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import java.util.Arrays;

/**
 * One tensor argument of an operation.
 *
 * @param role what the operation does to it
 * @param fill makes the numbers that go in
 */
public record Arg(String name, Role role, DType dtype, Shape shape, Fill fill) {
    /** What an operation does to an argument. */
    public enum Role {
        /** Read; must come back unchanged. */
        IN,
        /** Wholly written; poisoned before. */
        OUT,
        /** Read and written. */
        INOUT,
        /** Weights of a linear layer, given in host memory. */
        WEIGHT;

        boolean isResult() {
            return this == OUT || this == INOUT;
        }
    }

    /** Makes an argument's numbers; may look at arguments that were filled before. */
    @FunctionalInterface
    public interface Fill {
        /** Numbers for {@code arg}, {@link #count} of them. An I32 argument takes them as they are; a BF16 one rounds them. */
        float[] values(Arg arg, Rng rng, OpRun.Inputs earlier);

        /** Bell-shaped numbers of that deviation. */
        static Fill bell(double deviation) {
            return (arg, rng, earlier) -> {
                float[] v = new float[arg.count()];
                for (int i = 0; i < v.length; i++) {
                    v[i] = (float) deviation * rng.bell();
                }
                return v;
            };
        }

        /** Integers 0 to bound - 1. */
        static Fill below(int bound) {
            return (arg, rng, earlier) -> {
                float[] v = new float[arg.count()];
                for (int i = 0; i < v.length; i++) {
                    v[i] = rng.below(bound);
                }
                return v;
            };
        }

        /** The same number everywhere. */
        static Fill constant(float value) {
            return (arg, rng, earlier) -> {
                float[] v = new float[arg.count()];
                Arrays.fill(v, value);
                return v;
            };
        }

        /** These numbers. */
        static Fill values(float... values) {
            return (arg, rng, earlier) -> values.clone();
        }

        /** This, with a NaN in the middle of the first plane (outermost extent). */
        default Fill withNaN() {
            return (arg, rng, earlier) -> {
                float[] v = values(arg, rng, earlier);
                v[v.length / arg.shape().size(0) / 2] = Float.NaN;
                return v;
            };
        }
    }

    /** Elements. */
    public int count() {
        return Math.toIntExact(shape.elements());
    }

    long bytes() {
        return shape.elements() * dtype.bytes();
    }

    /** The same argument, F32 where it is BF16. */
    Arg widened() {
        return dtype == DType.BF16 ? new Arg(name, role, DType.F32, shape, fill) : this;
    }
}
