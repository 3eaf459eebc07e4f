package dev.clusca.cases;

import dev.clusca.backend.Backend;
import dev.clusca.backend.Draws;
import dev.clusca.backend.Linear;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.Ops;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.WorkArena;
import dev.clusca.pipeline.profile.Cost;
import dev.clusca.pipeline.profile.CostTally;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * One operation's arguments on one backend. Each tensor lies between two guard regions; guards and outputs hold a poison pattern before the call, so that a stray write
 * and a missing one both show.
 */
public final class OpRun {
    /** Elements before and after a tensor. */
    private static final int GUARD = 64;
    /** Elements that push a tensor off its alignment, where it is tested so. */
    private static final int SKEW = 3;

    private static final Raw NOTHING = Raw.of(new int[0]);

    private final Backend backend;
    private final Arena arena;
    private final Map<String, Guarded> tensors = new LinkedHashMap<>();
    private final Map<String, Tensor> weights = new LinkedHashMap<>();
    private final OpCase opCase;
    private final Map<String, Linear> linears = new HashMap<>();
    private final Map<String, Tensor> working = new HashMap<>();
    private double millis;

    /** The data of a case by argument, as the operation will see it. */
    public static final class Inputs {
        private final Map<String, Raw> values = new LinkedHashMap<>();

        public Inputs(OpCase c, long seed) {
            for (Arg arg : c.args()) {
                float[] v = arg.fill().values(arg, new Rng(seed, c.name() + ":" + arg.name()), this);
                if (v.length != arg.count()) {
                    throw new IllegalArgumentException(c.name() + ": the argument " + arg.name() + arg.shape()
                            + " was filled with " + v.length + " values; expected " + arg.count());
                }
                values.put(arg.name(), arg.dtype() == DType.I32 ? Raw.of(ints(v)) : Raw.of(arg.dtype(), v));
            }
        }

        /** The numbers of an argument that was filled before; those of a BF16 one are rounded. */
        public float[] floats(String name) {
            return raw(name).floats();
        }

        /** The same as they are stored. */
        public Raw raw(String name) {
            Raw value = values.get(name);
            if (value == null) {
                throw new IllegalArgumentException(
                        "the case has no argument '" + name + "' that was filled before; there are " + values.keySet());
            }
            return value;
        }

        private static int[] ints(float[] values) {
            int[] out = new int[values.length];
            for (int i = 0; i < out.length; i++) {
                out[i] = (int) values[i];
            }
            return out;
        }
    }

    /** A tensor, the buffer it lies in, and that buffer's contents before the call. */
    private record Guarded(Arg arg, Tensor whole, Tensor tensor, int lead, Raw before) {}

    private OpRun(
            Backend backend, Arena arena, OpCase c, Inputs inputs, boolean widened, boolean skewed, boolean watched) {
        this.backend = backend;
        this.arena = arena;
        this.opCase = c;
        int lead = GUARD + (skewed ? SKEW : 0);
        for (Arg original : c.args()) {
            if (original.role() == Arg.Role.WEIGHT) {
                MemorySegment memory = arena.allocate(original.bytes(), 64);
                memory.copyFrom(inputs.raw(original.name()).memory());
                weights.put(original.name(), Tensor.of(memory, original.dtype(), original.shape()));
                continue;
            }
            Arg arg = widened ? original.widened() : original;
            Tensor whole = backend.allocate(arena, arg.dtype(), Shape.of(lead + arg.count() + GUARD));
            int[] bits = new int[lead + arg.count() + GUARD];
            Arrays.fill(bits, poison(arg.dtype()));
            if (arg.role() != Arg.Role.OUT) {
                Raw data = inputs.raw(arg.name());
                Raw typed = data.dtype() == arg.dtype() ? data : Raw.of(arg.dtype(), data.floats());
                System.arraycopy(typed.bits(), 0, bits, lead, arg.count());
            }
            Raw before = new Raw(arg.dtype(), bits);
            backend.write(whole, before.memory());
            Tensor tensor = whole.rows(lead, arg.count()).reshape(arg.shape());
            tensors.put(arg.name(), new Guarded(arg, whole, tensor, lead, watched ? before : NOTHING));
        }
        makeLayers(widened);
    }

    /** Shapes alone. */
    private OpRun(CostTally tally, OpCase c) {
        this.backend = tally;
        this.arena = Arena.global();
        this.opCase = c;
        for (Arg arg : c.args()) {
            Tensor tensor = tally.allocate(arena, arg.dtype(), arg.shape());
            if (arg.role() == Arg.Role.WEIGHT) {
                weights.put(arg.name(), tensor);
            } else {
                tensors.put(arg.name(), new Guarded(arg, tensor, tensor, 0, NOTHING));
            }
        }
        makeLayers(false);
    }

    private void makeLayers(boolean widened) {
        weights.forEach((name, weight) -> {
            if (name.endsWith(OpCase.WEIGHT)) {
                String layer = name.substring(0, name.length() - OpCase.WEIGHT.length());
                DType dtype = widened ? DType.F32 : weight.dtype();
                linears.put(layer, backend.linear(arena, weight, weights.get(layer + OpCase.BIAS), dtype));
            }
        });
    }

    /**
     * Runs a case on a backend and waits for it.
     *
     * @param widened whether BF16 tensors become F32 ones with the same values: the result is then rounded nowhere
     */
    public static Result of(Backend backend, OpCase c, Inputs inputs, boolean widened) {
        return of(backend, c, inputs, widened, false);
    }

    /**
     * The same.
     *
     * @param skewed whether tensors begin off their alignment, as slices of larger ones may
     */
    static Result of(Backend backend, OpCase c, Inputs inputs, boolean widened, boolean skewed) {
        try (WorkArena work = new WorkArena(backend)) {
            OpRun run = new OpRun(backend, work.arena(), c, inputs, widened, skewed, true);
            Backend.Mark start = backend.mark();
            run.enqueue();
            run.millis = backend.mark().millisSince(start);
            return run.result();
        }
    }

    /**
     * A case's arguments, aligned as a model's tensors are, ready to be run as often as wanted; the linear layer that it may have is made once.
     *
     * @param watched whether {@link #result} will be asked for: what lies around the tensors is then remembered
     */
    public static OpRun prepare(Backend backend, Arena arena, OpCase c, Inputs inputs, boolean watched) {
        return new OpRun(backend, arena, c, inputs, false, false, watched);
    }

    /** What a case has to move and to compute at least, by its operation's contract. */
    static Cost cost(OpCase c) {
        CostTally tally = new CostTally();
        new OpRun(tally, c).enqueue();
        return tally.total();
    }

    /** Enqueues the operation. */
    public void enqueue() {
        opCase.call().enqueue(this);
    }

    /**
     * What a run left behind.
     *
     * @param results contents of the arguments that it wrote
     * @param faults stray writes, missing writes and changed inputs, as sentences
     * @param millis of the device, where the case was run for its results
     */
    public record Result(Map<String, Raw> results, List<String> faults, double millis) {}

    /** The operations of the backend that the case runs on. */
    public Ops ops() {
        return backend.ops();
    }

    /** An argument by its name. */
    public Tensor get(String name) {
        return guarded(name).tensor;
    }

    /** Working memory of the operation, F32, whose contents do not matter afterwards. */
    public Tensor working(Shape shape) {
        return working("", DType.F32, shape);
    }

    /** The same under a name of its own, where an operation takes several. */
    public Tensor working(String name, DType dtype, Shape shape) {
        return working.computeIfAbsent(name, _ -> {
            Tensor memory = backend.allocate(arena, dtype, shape);
            int[] bits = new int[Math.toIntExact(shape.elements())];
            Arrays.fill(bits, poison(dtype));
            backend.write(memory, new Raw(dtype, bits).memory());
            return memory;
        });
    }

    /** The layer of {@link OpCase.Builder#linear(int, int, boolean)}. */
    public Linear linear() {
        return linear("");
    }

    /** The layer of {@link OpCase.Builder#linear(String, int, int, boolean)}. */
    public Linear linear(String name) {
        return Objects.requireNonNull(linears.get(name), "the case has no " + name + OpCase.WEIGHT);
    }

    /** The table of {@link OpCase.Builder#steps}. */
    public StepTable steps() {
        return new StepTable(get("steps"), get("cursor"));
    }

    /** What {@link OpCase.Builder#modulation} made. */
    public Modulation modulation() {
        return new Modulation(get("modulation"), get("conditions"), steps());
    }

    /** Random numbers for the rows of the argument {@code rows}, at the step of {@link #steps}. */
    public Draws draws(long seed, int stream) {
        return new Draws(seed, get("rows"), stream, steps());
    }

    private Guarded guarded(String name) {
        Guarded g = tensors.get(name);
        if (g == null) {
            throw new IllegalArgumentException("the case has no argument '" + name + "', it has " + tensors.keySet());
        }
        return g;
    }

    /** Waits, and takes the results. */
    public Result result() {
        Map<String, Raw> results = new LinkedHashMap<>();
        List<String> faults = new ArrayList<>();
        for (Guarded g : tensors.values()) {
            byte[] bytes = new byte[Math.toIntExact(g.whole.bytes())];
            backend.read(g.whole, MemorySegment.ofArray(bytes));
            Raw after = Raw.of(g.arg.dtype(), MemorySegment.ofArray(bytes));
            int end = g.lead + g.arg.count();
            stray(g, after, 0, g.lead, faults);
            stray(g, after, end, after.length(), faults);
            switch (g.arg.role()) {
                case IN -> changed(g, after, faults);
                case OUT -> unwritten(g, after, faults);
                case INOUT, WEIGHT -> {}
            }
            if (g.arg.role().isResult()) {
                results.put(g.arg.name(), new Raw(g.arg.dtype(), Arrays.copyOfRange(after.bits(), g.lead, end)));
            }
        }
        return new Result(results, faults, millis);
    }

    private static void stray(Guarded g, Raw after, int from, int to, List<String> faults) {
        int hit = firstDifference(g.before, after, from, to);
        if (hit >= 0) {
            faults.add("stray write: " + g.arg.name() + g.arg.shape() + " was written at element " + (hit - g.lead)
                    + ", outside of it; found " + after.at(hit));
        }
    }

    private static void changed(Guarded g, Raw after, List<String> faults) {
        int hit = firstDifference(g.before, after, g.lead, g.lead + g.arg.count());
        if (hit >= 0) {
            faults.add("input changed: " + g.arg.name() + g.arg.shape() + " element " + (hit - g.lead) + " was "
                    + g.before.at(hit) + " and is now " + after.at(hit));
        }
    }

    private static void unwritten(Guarded g, Raw after, List<String> faults) {
        int count = 0;
        int first = -1;
        for (int i = g.lead; i < g.lead + g.arg.count(); i++) {
            if (after.bits()[i] == g.before.bits()[i]) {
                first = count++ == 0 ? i - g.lead : first;
            }
        }
        if (count > 0) {
            faults.add("missing write: " + count + " of " + g.arg.count() + " elements of " + g.arg.name()
                    + g.arg.shape() + " still hold the poison from before the call, the first is element " + first);
        }
    }

    private static int firstDifference(Raw before, Raw after, int from, int to) {
        int hit = Arrays.mismatch(before.bits(), from, to, after.bits(), from, to);
        return hit < 0 ? -1 : from + hit;
    }

    /** A quiet NaN with a payload that no computation makes, or an integer out of every range. */
    static int poison(DType dtype) {
        return switch (dtype) {
            case BF16 -> 0x7fd5;
            case I32 -> 0x5eadbeef;
            default -> 0x7fd5a5a5;
        };
    }
}
