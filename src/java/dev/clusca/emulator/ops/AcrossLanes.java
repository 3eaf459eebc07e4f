package dev.clusca.emulator.ops;

import dev.clusca.emulator.machine.Op;
import dev.clusca.emulator.machine.Warp;
import dev.clusca.emulator.memory.AccessFault;
import dev.clusca.emulator.ptx.Operand;
import dev.clusca.emulator.ptx.Type;
import dev.clusca.emulator.report.FaultKind;
import java.util.function.IntBinaryOperator;

/** {@code shfl.sync}, {@code vote.sync}, {@code match.sync}, {@code redux.sync}, {@code activemask}. */
final class AcrossLanes {
    private static final int LANES = Warp.LANES;

    private AcrossLanes() {}

    private interface Source {
        /** The lane to read, for {@code lane} with operand {@code b} in the segment from {@code low} to {@code high}; out of the segment means none. */
        int of(int lane, int b, int low, int segment);
    }

    static Op shuffle(Form form, Binder bind) {
        form.type();
        form.ignore("sync");
        String mode = form.takeOne("", "up", "down", "bfly", "idx");
        form.expectOperands(5, 5);
        Operand to = form.operand(0);
        int a = bind.intSource(form.operand(1), Type.B32);
        int b = bind.intSource(form.operand(2), Type.U32);
        int c = bind.intSource(form.operand(3), Type.U32);
        int members = bind.intSource(form.operand(4), Type.B32);
        int d = bind.intTarget(to instanceof Operand.Pair pair ? pair.first() : to);
        int p = to instanceof Operand.Pair pair ? bind.predicateTarget(pair.second()) : -1;
        boolean up = mode.equals("up");
        Source source = switch (mode) {
            case "up" -> (lane, n, low, segment) -> lane - n;
            case "down" -> (lane, n, low, segment) -> lane + n;
            case "bfly" -> (lane, n, low, segment) -> lane ^ n;
            case "idx" -> (lane, n, low, segment) -> low | n & ~segment;
            default -> throw form.unknown();
        };
        return (warp, mask) -> {
            if (!Lockstep.together(warp, mask, warp.i[members])) {
                return;
            }
            int[] from = warp.i[a];
            int[] result = warp.worker().scratch().i;
            int held = 0;
            for (int m = mask; m != 0; m &= m - 1) {
                int lane = Integer.numberOfTrailingZeros(m);
                int clamp = warp.i[c][lane] & 31;
                int segment = warp.i[c][lane] >>> 8 & 31;
                int low = lane & segment;
                int limit = low | clamp & ~segment;
                int j = source.of(lane, warp.i[b][lane] & 31, low, segment);
                boolean inside = up ? j >= limit : j <= limit;
                int read = inside ? j : lane;
                if (((mask & warp.i[members][lane]) >>> read & 1) == 0) {
                    throw new AccessFault(
                            FaultKind.INACTIVE_LANE,
                            lane,
                            "it reads from lane " + read + ", which has ended or is not named");
                }
                held |= inside ? 1 << lane : 0;
                result[lane] = from[read];
            }
            Results.keep(warp.i[d], result, mask);
            if (p >= 0) {
                warp.p[p] = warp.p[p] & ~mask | held;
            }
        };
    }

    static Op vote(Form form, Binder bind) {
        Type type = form.type();
        form.ignore("sync");
        String mode = form.takeOne("", "all", "any", "uni", "ballot");
        form.expectOperands(3, 3);
        int a = bind.predicateSource(form.operand(1));
        int members = bind.intSource(form.operand(2), Type.B32);
        if (mode.equals("ballot")) {
            int d = bind.intTarget(form.operand(0));
            return inGroups(members, (warp, group) -> spread(warp.i[d], warp.p[a] & group, group));
        }
        if (type != Type.PRED) {
            throw form.unknown();
        }
        int d = bind.predicateTarget(form.operand(0));
        return inGroups(members, (warp, group) -> {
            int held = warp.p[a] & group;
            boolean result = switch (mode) {
                case "all" -> held == group;
                case "any" -> held != 0;
                default -> held == 0 || held == group;
            };
            warp.p[d] = result ? warp.p[d] | group : warp.p[d] & ~group;
        });
    }

    /** Runs an operation for each set of lanes that name each other. */
    private static Op inGroups(int members, Op operation) {
        return (warp, mask) -> {
            int[] masks = warp.i[members];
            if (!Lockstep.together(warp, mask, masks)) {
                return;
            }
            int left = mask;
            while (left != 0) {
                int group = Lockstep.group(masks, left);
                operation.run(warp, group);
                left &= ~group;
            }
        };
    }

    static Op match(Form form, Binder bind) {
        Type type = form.type();
        form.ignore("sync");
        boolean all = form.takeOne("any", "any", "all").equals("all");
        form.expectOperands(3, 3);
        boolean wide = type.bytes() == 8;
        int a = wide ? bind.longSource(form.operand(1)) : bind.intSource(form.operand(1), type);
        int members = bind.intSource(form.operand(2), Type.B32);
        Operand to = form.operand(0);
        int d = bind.intTarget(to instanceof Operand.Pair pair ? pair.first() : to);
        int p = to instanceof Operand.Pair pair ? bind.predicateTarget(pair.second()) : -1;
        return inGroups(members, (warp, mask) -> {
            int[] result = warp.worker().scratch().i;
            int held = 0;
            for (int m = mask; m != 0; m &= m - 1) {
                int lane = Integer.numberOfTrailingZeros(m);
                int same = 0;
                for (int n = mask; n != 0; n &= n - 1) {
                    int other = Integer.numberOfTrailingZeros(n);
                    boolean equal = wide ? warp.l[a][lane] == warp.l[a][other] : warp.i[a][lane] == warp.i[a][other];
                    same |= equal ? 1 << other : 0;
                }
                result[lane] = !all || same == mask ? same : 0;
                held |= same == mask ? 1 << lane : 0;
            }
            Results.keep(warp.i[d], result, mask);
            if (p >= 0) {
                warp.p[p] = warp.p[p] & ~mask | held;
            }
        });
    }

    static Op reduce(Form form, Binder bind) {
        Type type = form.type();
        form.ignore("sync");
        form.expectOperands(3, 3);
        boolean signed = type.isSigned();
        IntBinaryOperator f = switch (form.takeOne("", "add", "min", "max", "and", "or", "xor")) {
            case "add" -> Integer::sum;
            case "min" -> signed ? Math::min : (x, y) -> Integer.compareUnsigned(x, y) < 0 ? x : y;
            case "max" -> signed ? Math::max : (x, y) -> Integer.compareUnsigned(x, y) > 0 ? x : y;
            case "and" -> (x, y) -> x & y;
            case "or" -> (x, y) -> x | y;
            case "xor" -> (x, y) -> x ^ y;
            default -> throw form.unknown();
        };
        int a = bind.intSource(form.operand(1), type);
        int members = bind.intSource(form.operand(2), Type.B32);
        int d = bind.intTarget(form.operand(0));
        return inGroups(members, (warp, mask) -> {
            int sum = warp.i[a][Integer.numberOfTrailingZeros(mask)];
            for (int m = mask & mask - 1; m != 0; m &= m - 1) {
                sum = f.applyAsInt(sum, warp.i[a][Integer.numberOfTrailingZeros(m)]);
            }
            spread(warp.i[d], sum, mask);
        });
    }

    static Op activeMask(Form form, Binder bind) {
        form.type();
        form.expectOperands(1, 1);
        int d = bind.intTarget(form.operand(0));
        return (warp, mask) -> spread(warp.i[d], mask, mask);
    }

    private static void spread(int[] d, int value, int mask) {
        for (int i = 0; i < LANES; i++) {
            d[i] = (mask >>> i & 1) != 0 ? value : d[i];
        }
    }

    /** The value that the lanes agree on, by that of the first. */
    static int first(int[] a, int mask) {
        return a[Integer.numberOfTrailingZeros(mask)];
    }
}
