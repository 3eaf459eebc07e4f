package dev.clusca.emulator.ops;

import dev.clusca.emulator.machine.BarrierReduction;
import dev.clusca.emulator.machine.Block;
import dev.clusca.emulator.machine.Op;
import dev.clusca.emulator.machine.Warp;
import dev.clusca.emulator.memory.AccessFault;
import dev.clusca.emulator.ptx.Operand;
import dev.clusca.emulator.ptx.Type;
import dev.clusca.emulator.report.FaultKind;
import java.lang.invoke.VarHandle;

/** Branches, the end, traps, barriers and fences. */
final class Control {
    private Control() {}

    /** A branch; {@code target} is an instruction's index until the decoder knows the steps. */
    record Branch(int target) implements Op {
        @Override
        public void run(Warp warp, int mask) {
            warp.branch(target, mask);
        }
    }

    static Op branch(Form form) {
        form.ignore("uni");
        form.expectOperands(1, 1);
        if (!(form.operand(0) instanceof Operand.Target target)) {
            throw form.unknown("'" + form.operand(0) + "' is no label");
        }
        return new Branch(target.instruction());
    }

    static Op exit(Form form) {
        form.ignore("uni");
        form.expectOperands(0, 0);
        return Warp::exit;
    }

    static Op trap(Form form) {
        form.expectOperands(0, 0);
        return (warp, mask) -> {
            throw new AccessFault(FaultKind.TRAP, Integer.numberOfTrailingZeros(mask), "the kernel gave up");
        };
    }

    static Op sleep(Form form, Binder bind) {
        bind.intSource(form.operand(0), form.type());
        return (warp, mask) -> warp.yieldSlice();
    }

    static Op nothing(Form form) {
        form.ignoreCacheHints();
        form.ignore("global", "L1", "L2", "local");
        return (warp, mask) -> {};
    }

    static Op fence(Form form) {
        boolean otherBlocks = Order.reachesOtherBlocks(form);
        form.ignore("sc", "acq_rel", "acquire", "release");
        form.expectOperands(0, 0);
        return (warp, mask) -> {
            VarHandle.fullFence();
            warp.stamp().acquire(otherBlocks);
            warp.stamp().release(otherBlocks);
        };
    }

    /** {@code bar.sync}, {@code bar.arrive}, {@code bar.red}, {@code bar.warp.sync}, and {@code barrier} for {@code bar}. */
    static Op barrier(Form form, Binder bind) {
        if (form.take("warp")) {
            return warpBarrier(form, bind);
        }
        form.ignore("cta", "aligned");
        if (form.take("red")) {
            return reduction(form, bind);
        }
        boolean waits = form.takeOne("", "sync", "arrive").equals("sync");
        form.expectOperands(waits ? 1 : 2, 2);
        int id = bind.intSource(form.operand(0), Type.U32);
        int threads = bind.intSource(form.operands() == 2 ? form.operand(1) : new Operand.Whole(0), Type.U32);
        form.take(waits ? "sync" : "arrive");
        return (warp, mask) -> {
            if (Lockstep.atBarrier(warp, mask)) {
                int which = AcrossLanes.first(warp.i[id], mask);
                int count = AcrossLanes.first(warp.i[threads], mask);
                warp.block().arrive(warp, which, count, waits, 0, BarrierReduction.NONE);
            }
        };
    }

    private static Op warpBarrier(Form form, Binder bind) {
        form.ignore("sync");
        form.expectOperands(1, 1);
        int members = bind.intSource(form.operand(0), Type.B32);
        return (warp, mask) -> {
            if (Lockstep.together(warp, mask, warp.i[members])) {
                warp.block().epochs().warpBarrier(warp.index());
            }
        };
    }

    /** {@code bar.red.popc.u32 d, id{, threads}, p} and {@code bar.red.{and,or}.pred q, id{, threads}, p}. */
    private static Op reduction(Form form, Binder bind) {
        form.type();
        String operation = form.takeOne("", "popc", "and", "or");
        form.expectOperands(3, 4);
        boolean counted = form.operands() == 4;
        int id = bind.intSource(form.operand(1), Type.U32);
        int threads = bind.intSource(counted ? form.operand(2) : new Operand.Whole(0), Type.U32);
        int p = bind.predicateSource(form.operand(counted ? 3 : 2));
        boolean number = operation.equals("popc");
        int d = number ? bind.intTarget(form.operand(0)) : bind.predicateTarget(form.operand(0));
        return (warp, mask) -> {
            if (!Lockstep.atBarrier(warp, mask)) {
                return;
            }
            Block block = warp.block();
            int which = AcrossLanes.first(warp.i[id], mask);
            int count = AcrossLanes.first(warp.i[threads], mask);
            block.arrive(warp, which, count, true, warp.p[p] & mask, (held, lanes) -> {
                switch (operation) {
                    case "popc" -> {
                        for (int m = mask; m != 0; m &= m - 1) {
                            warp.i[d][Integer.numberOfTrailingZeros(m)] = held;
                        }
                    }
                    case "and" -> warp.p[d] = held == lanes ? warp.p[d] | mask : warp.p[d] & ~mask;
                    default -> warp.p[d] = held != 0 ? warp.p[d] | mask : warp.p[d] & ~mask;
                }
            });
        };
    }
}
