package dev.clusca.emulator.ops;

import dev.clusca.emulator.machine.Access;
import dev.clusca.emulator.machine.Op;
import dev.clusca.emulator.machine.Warp;
import dev.clusca.emulator.memory.AccessFault;
import dev.clusca.emulator.ptx.Operand;
import dev.clusca.emulator.ptx.Space;
import dev.clusca.emulator.ptx.Type;
import dev.clusca.emulator.report.FaultKind;

/** {@code cp.async}: copies of 4, 8 or 16 bytes from global to shared memory that land at a wait; what lies beyond the source size is filled with zeros. */
final class AsyncCopy {
    private AsyncCopy() {}

    static Op decode(Form form, Binder bind) {
        if (!form.take("async")) {
            throw form.unknown();
        }
        if (form.take("commit_group")) {
            form.expectOperands(0, 0);
            return (warp, mask) -> warp.asyncCopies().commit(mask);
        }
        if (form.take("wait_all")) {
            form.expectOperands(0, 0);
            return (warp, mask) -> warp.asyncCopies().waitForAll(mask);
        }
        if (form.take("wait_group")) {
            form.expectOperands(1, 1);
            int allowed = number(form, form.operand(0));
            return (warp, mask) -> warp.asyncCopies().waitForGroups(allowed, mask);
        }
        return copy(form, bind);
    }

    private static Op copy(Form form, Binder bind) {
        boolean wholeLines = form.take("cg");
        form.ignoreCacheHints();
        boolean toShared = form.take("shared") || form.take("shared::cta");
        if (!toShared || !form.take("global")) {
            throw form.unknown();
        }
        form.expectOperands(3, 4);
        int bytes = number(form, form.operand(2));
        if (bytes != 16 && (wholeLines || bytes != 4 && bytes != 8)) {
            throw form.unknown("it copies " + bytes + " bytes");
        }
        Memory.Addresses targets = Memory.addresses(form, bind, form.operand(0));
        Memory.Addresses sources = Memory.addresses(form, bind, form.operand(1));
        int size = bind.intSource(form.operands() == 4 ? form.operand(3) : new Operand.Whole(bytes), Type.U32);
        return (warp, mask) -> {
            byte[] data = read(warp, sources.of(warp), bytes, warp.i[size], mask);
            Access access = warp.worker().access();
            access.openTargets(warp, targets.of(warp), bytes, mask);
            warp.asyncCopies().begin(data, bytes, access.offsets(), mask);
        };
    }

    /** The lanes' bytes one after the other, zeros beyond each lane's size. */
    private static byte[] read(Warp warp, long[] addresses, int bytes, int[] sizes, int mask) {
        byte[] data = new byte[bytes * Warp.LANES];
        int whole = 0;
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            if (Integer.compareUnsigned(sizes[lane], bytes) > 0) {
                throw new AccessFault(
                        FaultKind.INVALID, lane, "a cp.async of " + bytes + " bytes with a source of " + sizes[lane]);
            }
            if (sizes[lane] != 0 && addresses[lane] % bytes != 0) {
                throw new AccessFault(
                        FaultKind.MISALIGNED,
                        lane,
                        "a cp.async of " + bytes + " bytes from 0x" + Long.toHexString(addresses[lane]));
            }
            if (sizes[lane] == bytes) {
                whole |= 1 << lane;
            } else {
                part(warp, addresses, sizes[lane], lane, data, lane * bytes);
            }
        }
        Access access = warp.worker().access();
        while (whole != 0) {
            int part = access.open(warp, Space.GLOBAL, addresses, bytes, whole, Access.Kind.LOAD);
            for (int m = part; m != 0; m &= m - 1) {
                int lane = Integer.numberOfTrailingZeros(m);
                System.arraycopy(access.data(), access.offsets()[lane], data, lane * bytes, bytes);
            }
            whole &= ~part;
        }
        return data;
    }

    /** A source that ends early is read byte by byte; an empty one not at all, so its address may be anything. */
    private static void part(Warp warp, long[] addresses, int size, int lane, byte[] data, int at) {
        Access access = warp.worker().access();
        long start = addresses[lane];
        for (int k = 0; k < size; k++) {
            addresses[lane] = start + k;
            access.open(warp, Space.GLOBAL, addresses, 1, 1 << lane, Access.Kind.LOAD);
            data[at + k] = access.data()[access.offsets()[lane]];
        }
        addresses[lane] = start;
    }

    private static int number(Form form, Operand operand) {
        if (operand instanceof Operand.Whole whole && whole.value() >= 0 && whole.value() < 1 << 16) {
            return (int) whole.value();
        }
        throw form.unknown("'" + operand + "' is no small number");
    }
}
