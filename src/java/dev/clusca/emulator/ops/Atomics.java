package dev.clusca.emulator.ops;

import dev.clusca.emulator.machine.Access;
import dev.clusca.emulator.machine.Op;
import dev.clusca.emulator.memory.Bytes;
import dev.clusca.emulator.ptx.Operand;
import dev.clusca.emulator.ptx.Space;
import dev.clusca.emulator.ptx.Type;

/** {@code atom} and {@code red}: read, change and write in one; lanes in ascending order, which is one of the orders a GPU may choose. */
final class Atomics {
    private Atomics() {}

    private interface Change {
        int of(int old, int b, int c);
    }

    private interface LongChange {
        long of(long old, long b, long c);
    }

    static Op decode(Form form, Binder bind) {
        Type type = form.type();
        Space space = Memory.space(form);
        boolean returns = form.opcode().equals("atom");
        Order order = Order.of(form, space, "relaxed");
        form.ignore("noftz");
        form.ignoreCacheHints();
        String operation = form.takeOne("", "add", "min", "max", "inc", "dec", "and", "or", "xor", "exch", "cas");
        int sources = operation.equals("cas") ? 2 : 1;
        int first = returns ? 1 : 0;
        form.expectOperands(first + 1 + sources, first + 1 + sources);
        Memory.Addresses addresses = Memory.addresses(form, bind, form.operand(first));
        Operand b = form.operand(first + 1);
        Operand c = form.operand(first + sources);
        Op op = type.bytes() == 8
                ? wide(form, bind, type, space, operation, addresses, b, c, returns)
                : narrow(form, bind, type, space, operation, addresses, b, c, returns);
        if (!order.isNamed()) {
            return op;
        }
        return (warp, mask) -> {
            order.beforeWrite(warp.stamp());
            op.run(warp, mask);
            order.afterRead(warp.stamp());
        };
    }

    private static Op narrow(
            Form form,
            Binder bind,
            Type type,
            Space space,
            String operation,
            Memory.Addresses addresses,
            Operand b,
            Operand c,
            boolean returns) {
        if (type.bytes() != 4) {
            throw form.unknown();
        }
        Change change = change(form, type, operation);
        int source = bind.intSource(b, type);
        int other = bind.intSource(c, type);
        int d = returns ? bind.intTarget(form.operand(0)) : bind.temporary(Bank.INT);
        return (warp, mask) -> {
            long[] at = addresses.of(warp);
            Access access = warp.worker().access();
            int[] x = warp.i[source];
            int[] y = warp.i[other];
            int[] old = warp.worker().scratch().i;
            int left = mask;
            while (left != 0) {
                int part = access.open(warp, space, at, Integer.BYTES, left, Access.Kind.ATOMIC);
                byte[] data = access.data();
                int[] offsets = access.offsets();
                synchronized (access.lock()) {
                    for (int m = part; m != 0; m &= m - 1) {
                        int lane = Integer.numberOfTrailingZeros(m);
                        old[lane] = Bytes.getInt(data, offsets[lane]);
                        Bytes.putInt(data, offsets[lane], change.of(old[lane], x[lane], y[lane]));
                    }
                }
                left &= ~part;
            }
            Results.keep(warp.i[d], old, mask);
        };
    }

    private static Op wide(
            Form form,
            Binder bind,
            Type type,
            Space space,
            String operation,
            Memory.Addresses addresses,
            Operand b,
            Operand c,
            boolean returns) {
        LongChange change = longChange(form, type, operation);
        int source = bind.longSource(b);
        int other = bind.longSource(c);
        int d = returns ? bind.longTarget(form.operand(0)) : bind.temporary(Bank.LONG);
        return (warp, mask) -> {
            long[] at = addresses.of(warp);
            Access access = warp.worker().access();
            long[] x = warp.l[source];
            long[] y = warp.l[other];
            long[] old = warp.worker().scratch().l;
            int left = mask;
            while (left != 0) {
                int part = access.open(warp, space, at, Long.BYTES, left, Access.Kind.ATOMIC);
                byte[] data = access.data();
                int[] offsets = access.offsets();
                synchronized (access.lock()) {
                    for (int m = part; m != 0; m &= m - 1) {
                        int lane = Integer.numberOfTrailingZeros(m);
                        old[lane] = Bytes.getLong(data, offsets[lane]);
                        Bytes.putLong(data, offsets[lane], change.of(old[lane], x[lane], y[lane]));
                    }
                }
                left &= ~part;
            }
            Results.keep(warp.l[d], old, mask);
        };
    }

    private static Change change(Form form, Type type, String operation) {
        if (type == Type.F32) {
            if (!operation.equals("add")) {
                throw form.unknown();
            }
            return (old, b, c) -> Float.floatToRawIntBits(Float.intBitsToFloat(old) + Float.intBitsToFloat(b));
        }
        boolean signed = type.isSigned();
        return switch (operation) {
            case "add" -> (old, b, c) -> old + b;
            case "min" ->
                signed ? (old, b, c) -> Math.min(old, b) : (old, b, c) -> Integer.compareUnsigned(old, b) < 0 ? old : b;
            case "max" ->
                signed ? (old, b, c) -> Math.max(old, b) : (old, b, c) -> Integer.compareUnsigned(old, b) > 0 ? old : b;
            case "inc" -> (old, b, c) -> Integer.compareUnsigned(old, b) >= 0 ? 0 : old + 1;
            case "dec" -> (old, b, c) -> old == 0 || Integer.compareUnsigned(old, b) > 0 ? b : old - 1;
            case "and" -> (old, b, c) -> old & b;
            case "or" -> (old, b, c) -> old | b;
            case "xor" -> (old, b, c) -> old ^ b;
            case "exch" -> (old, b, c) -> b;
            case "cas" -> (old, b, c) -> old == b ? c : old;
            default -> throw form.unknown();
        };
    }

    private static LongChange longChange(Form form, Type type, String operation) {
        if (type == Type.F64) {
            if (!operation.equals("add")) {
                throw form.unknown();
            }
            return (old, b, c) -> Double.doubleToRawLongBits(Double.longBitsToDouble(old) + Double.longBitsToDouble(b));
        }
        boolean signed = type.isSigned();
        return switch (operation) {
            case "add" -> (old, b, c) -> old + b;
            case "min" ->
                signed ? (old, b, c) -> Math.min(old, b) : (old, b, c) -> Long.compareUnsigned(old, b) < 0 ? old : b;
            case "max" ->
                signed ? (old, b, c) -> Math.max(old, b) : (old, b, c) -> Long.compareUnsigned(old, b) > 0 ? old : b;
            case "and" -> (old, b, c) -> old & b;
            case "or" -> (old, b, c) -> old | b;
            case "xor" -> (old, b, c) -> old ^ b;
            case "exch" -> (old, b, c) -> b;
            case "cas" -> (old, b, c) -> old == b ? c : old;
            default -> throw form.unknown();
        };
    }
}
