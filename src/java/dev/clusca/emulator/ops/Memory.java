package dev.clusca.emulator.ops;

import dev.clusca.emulator.machine.Access;
import dev.clusca.emulator.machine.Op;
import dev.clusca.emulator.machine.Warp;
import dev.clusca.emulator.memory.Bytes;
import dev.clusca.emulator.ptx.Operand;
import dev.clusca.emulator.ptx.Space;
import dev.clusca.emulator.ptx.Type;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** {@code ld} and {@code st}, of one to four elements. */
final class Memory {
    private static final int LANES = Warp.LANES;

    private Memory() {}

    /** Moves one element of each lane between a register and its place in memory, {@code delta} bytes further. */
    private interface Element {
        void move(Warp warp, Access access, int delta, int mask);
    }

    /** The addresses of a warp's lanes. */
    interface Addresses {
        long[] of(Warp warp);
    }

    static Space space(Form form) {
        return switch (form.takeOne("", "global", "shared", "shared::cta", "local", "const", "param")) {
            case "global" -> Space.GLOBAL;
            case "shared", "shared::cta" -> Space.SHARED;
            case "local" -> Space.LOCAL;
            case "const" -> Space.CONST;
            case "param" -> Space.PARAM;
            default -> Space.GENERIC;
        };
    }

    static Op load(Form form, Binder bind) {
        Type type = form.type();
        Space space = space(form);
        Order order = Order.of(form, space, "weak");
        boolean readOnly = form.take("nc");
        form.ignoreCacheHints();
        int count = count(form);
        form.expectOperands(2, 2);
        List<Operand> targets = elements(form, form.operand(0), count);
        Addresses addresses = addresses(form, bind, form.operand(1));
        Element[] elements = targets.stream()
                .map(target -> loadElement(form, bind, type, target))
                .toArray(Element[]::new);
        Access.Kind kind =
                order.isNamed() ? Access.Kind.ORDERED_LOAD : readOnly ? Access.Kind.READ_ONLY_LOAD : Access.Kind.LOAD;
        Op op = each(space, kind, type.bytes(), addresses, elements);
        if (!order.isNamed()) {
            return op;
        }
        return (warp, mask) -> {
            op.run(warp, mask);
            VarHandle.acquireFence();
            order.afterRead(warp.stamp());
        };
    }

    static Op store(Form form, Binder bind) {
        Type type = form.type();
        Space space = space(form);
        Order order = Order.of(form, space, "weak");
        form.ignoreCacheHints();
        int count = count(form);
        form.expectOperands(2, 2);
        Addresses addresses = addresses(form, bind, form.operand(0));
        Element[] elements = elements(form, form.operand(1), count).stream()
                .map(source -> storeElement(form, bind, type, source))
                .toArray(Element[]::new);
        Access.Kind kind = order.isNamed() ? Access.Kind.ORDERED_STORE : Access.Kind.STORE;
        Op op = each(space, kind, type.bytes(), addresses, elements);
        if (!order.isNamed()) {
            return op;
        }
        return (warp, mask) -> {
            order.beforeWrite(warp.stamp());
            VarHandle.releaseFence();
            op.run(warp, mask);
        };
    }

    private static int count(Form form) {
        return switch (form.takeOne("", "v2", "v4")) {
            case "v2" -> 2;
            case "v4" -> 4;
            default -> 1;
        };
    }

    private static List<Operand> elements(Form form, Operand operand, int count) {
        List<Operand> elements = operand instanceof Operand.Group group ? group.parts() : List.of(operand);
        if (elements.size() != count) {
            throw form.unknown("it names " + elements.size() + " registers for " + count + " elements");
        }
        return new ArrayList<>(elements);
    }

    /** The lanes' addresses, in an array that lasts until the next instruction of the host thread. */
    static Addresses addresses(Form form, Binder bind, Operand operand) {
        if (!(operand instanceof Operand.Address address)) {
            throw form.unknown("'" + operand + "' is no address");
        }
        long offset = address.offset();
        return switch (address.base()) {
            case null -> constant(offset);
            case Operand.Symbol symbol -> constant(bind.address(symbol.variable()) + offset);
            case Operand.Register r
            when Bank.of(r.type()) == Bank.LONG -> {
                int a = bind.longSource(r);
                yield warp -> add(warp.worker().scratch().addresses, warp.l[a], offset);
            }
            case Operand base -> {
                int a = bind.intSource(base, Type.U32);
                yield warp -> add(warp.worker().scratch().addresses, warp.i[a], offset);
            }
        };
    }

    private static Addresses constant(long address) {
        return warp -> {
            long[] all = warp.worker().scratch().addresses;
            Arrays.fill(all, address);
            return all;
        };
    }

    private static long[] add(long[] d, long[] a, long offset) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] + offset;
        }
        return d;
    }

    private static long[] add(long[] d, int[] a, long offset) {
        for (int i = 0; i < LANES; i++) {
            d[i] = (a[i] & 0xffffffffL) + offset;
        }
        return d;
    }

    private static Op each(Space space, Access.Kind kind, int size, Addresses addresses, Element[] elements) {
        int bytes = size * elements.length;
        return (warp, mask) -> {
            long[] at = addresses.of(warp);
            Access access = warp.worker().access();
            int left = mask;
            while (left != 0) {
                int part = access.open(warp, space, at, bytes, left, kind);
                int delta = 0;
                for (Element element : elements) {
                    element.move(warp, access, delta, part);
                    delta += size;
                }
                left &= ~part;
            }
        };
    }

    private interface IntReader {
        void read(Access access, int delta, int[] out);
    }

    private interface LongReader {
        void read(Access access, int delta, long[] out);
    }

    private static Element loadElement(Form form, Binder bind, Type type, Operand target) {
        if (target instanceof Operand.Sink) {
            return (warp, access, delta, mask) -> {};
        }
        Bank bank = target instanceof Operand.Register r ? Bank.of(r.type()) : Bank.PREDICATE;
        return switch (bank) {
            case INT -> {
                if (type.bytes() > Binder.registerBytes(target)) {
                    throw form.unknown("'" + target + "' is too small");
                }
                IntReader reader = intReader(type, Binder.registerBytes(target));
                int d = bind.intTarget(target);
                yield (warp, access, delta, mask) -> {
                    if (mask == Warp.ALL) {
                        reader.read(access, delta, warp.i[d]);
                    } else {
                        int[] all = warp.worker().scratch().i;
                        reader.read(access, delta, all);
                        Results.keep(warp.i[d], all, mask);
                    }
                };
            }
            case FLOAT -> {
                if (type.bytes() != 4) {
                    throw form.unknown("'" + target + "' has another size");
                }
                int d = bind.floatTarget(target);
                yield (warp, access, delta, mask) -> {
                    if (mask == Warp.ALL) {
                        readFloats(access, delta, warp.f[d]);
                    } else {
                        float[] all = warp.worker().scratch().f;
                        readFloats(access, delta, all);
                        Results.keep(warp.f[d], all, mask);
                    }
                };
            }
            case LONG -> {
                LongReader reader = longReader(type);
                int d = bind.longTarget(target);
                yield (warp, access, delta, mask) -> {
                    long[] all = warp.worker().scratch().l;
                    reader.read(access, delta, all);
                    Results.keep(warp.l[d], all, mask);
                };
            }
            case DOUBLE -> {
                if (type.bytes() != 8) {
                    throw form.unknown("'" + target + "' has another size");
                }
                int d = bind.doubleTarget(target);
                yield (warp, access, delta, mask) -> {
                    for (int m = mask; m != 0; m &= m - 1) {
                        int lane = Integer.numberOfTrailingZeros(m);
                        warp.d[d][lane] = Bytes.getDouble(access.data(), access.offsets()[lane] + delta);
                    }
                };
            }
            case PREDICATE -> throw form.unknown("'" + target + "' cannot be loaded");
        };
    }

    /** Values narrower than their register are extended by the type's sign; a 16-bit register keeps 16 bits. */
    private static IntReader intReader(Type type, int registerBytes) {
        int keep = registerBytes == 2 ? 0xffff : -1;
        return switch (type.bytes()) {
            case 1 ->
                type.isSigned()
                        ? (access, k, out) -> {
                            byte[] data = access.data();
                            int[] at = access.offsets();
                            for (int i = 0; i < LANES; i++) {
                                out[i] = data[at[i] + k] & keep;
                            }
                        }
                        : (access, k, out) -> {
                            byte[] data = access.data();
                            int[] at = access.offsets();
                            for (int i = 0; i < LANES; i++) {
                                out[i] = data[at[i] + k] & 0xff;
                            }
                        };
            case 2 ->
                type.isSigned()
                        ? (access, k, out) -> {
                            byte[] data = access.data();
                            int[] at = access.offsets();
                            for (int i = 0; i < LANES; i++) {
                                out[i] = Bytes.getShort(data, at[i] + k) & keep;
                            }
                        }
                        : (access, k, out) -> {
                            byte[] data = access.data();
                            int[] at = access.offsets();
                            for (int i = 0; i < LANES; i++) {
                                out[i] = Bytes.getShort(data, at[i] + k) & 0xffff;
                            }
                        };
            default -> Memory::readInts;
        };
    }

    private static LongReader longReader(Type type) {
        boolean signed = type.isSigned();
        return switch (type.bytes()) {
            case 1 ->
                (access, k, out) -> {
                    byte[] data = access.data();
                    int[] at = access.offsets();
                    for (int i = 0; i < LANES; i++) {
                        out[i] = signed ? data[at[i] + k] : data[at[i] + k] & 0xffL;
                    }
                };
            case 2 ->
                (access, k, out) -> {
                    byte[] data = access.data();
                    int[] at = access.offsets();
                    for (int i = 0; i < LANES; i++) {
                        short x = Bytes.getShort(data, at[i] + k);
                        out[i] = signed ? x : x & 0xffffL;
                    }
                };
            case 4 ->
                (access, k, out) -> {
                    byte[] data = access.data();
                    int[] at = access.offsets();
                    for (int i = 0; i < LANES; i++) {
                        int x = Bytes.getInt(data, at[i] + k);
                        out[i] = signed ? x : x & 0xffffffffL;
                    }
                };
            default ->
                (access, k, out) -> {
                    byte[] data = access.data();
                    int[] at = access.offsets();
                    for (int i = 0; i < LANES; i++) {
                        out[i] = Bytes.getLong(data, at[i] + k);
                    }
                };
        };
    }

    private static void readFloats(Access access, int k, float[] out) {
        byte[] data = access.data();
        int[] at = access.offsets();
        int step = access.step();
        if (step == 0) {
            Arrays.fill(out, Bytes.getFloat(data, at[0] + k));
        } else if (step != Access.IRREGULAR) {
            int start = at[0] + k;
            for (int i = 0; i < LANES; i++) {
                out[i] = Bytes.getFloat(data, start + i * step);
            }
        } else {
            for (int i = 0; i < LANES; i++) {
                out[i] = Bytes.getFloat(data, at[i] + k);
            }
        }
    }

    private static void readInts(Access access, int k, int[] out) {
        byte[] data = access.data();
        int[] at = access.offsets();
        int step = access.step();
        if (step == 0) {
            Arrays.fill(out, Bytes.getInt(data, at[0] + k));
        } else if (step != Access.IRREGULAR) {
            int start = at[0] + k;
            for (int i = 0; i < LANES; i++) {
                out[i] = Bytes.getInt(data, start + i * step);
            }
        } else {
            for (int i = 0; i < LANES; i++) {
                out[i] = Bytes.getInt(data, at[i] + k);
            }
        }
    }

    private static Element storeElement(Form form, Binder bind, Type type, Operand source) {
        if (type.bytes() == 8) {
            if (source instanceof Operand.Real
                    || source instanceof Operand.Register r && Bank.of(r.type()) == Bank.DOUBLE) {
                int a = bind.doubleSource(source);
                return (warp, access, delta, mask) -> {
                    for (int m = mask; m != 0; m &= m - 1) {
                        int lane = Integer.numberOfTrailingZeros(m);
                        Bytes.putDouble(access.data(), access.offsets()[lane] + delta, warp.d[a][lane]);
                    }
                };
            }
            int a = bind.longSource(source);
            return (warp, access, delta, mask) -> {
                for (int m = mask; m != 0; m &= m - 1) {
                    int lane = Integer.numberOfTrailingZeros(m);
                    Bytes.putLong(access.data(), access.offsets()[lane] + delta, warp.l[a][lane]);
                }
            };
        }
        if (type.bytes() == 4 && (type == Type.F32 || source instanceof Operand.Register r && r.type() == Type.F32)) {
            int a = bind.floatSource(source);
            return (warp, access, delta, mask) -> writeFloats(access, delta, warp.f[a], mask);
        }
        int a = bind.intSource(source, type);
        return switch (type.bytes()) {
            case 1 ->
                (warp, access, delta, mask) -> {
                    for (int m = mask; m != 0; m &= m - 1) {
                        int lane = Integer.numberOfTrailingZeros(m);
                        access.data()[access.offsets()[lane] + delta] = (byte) warp.i[a][lane];
                    }
                };
            case 2 ->
                (warp, access, delta, mask) -> {
                    for (int m = mask; m != 0; m &= m - 1) {
                        int lane = Integer.numberOfTrailingZeros(m);
                        Bytes.putShort(access.data(), access.offsets()[lane] + delta, (short) warp.i[a][lane]);
                    }
                };
            case 4 -> (warp, access, delta, mask) -> writeInts(access, delta, warp.i[a], mask);
            default -> throw form.unknown();
        };
    }

    private static void writeFloats(Access access, int k, float[] a, int mask) {
        byte[] data = access.data();
        int[] at = access.offsets();
        if (access.step() > 0) {
            int start = at[0] + k;
            int step = access.step();
            for (int i = 0; i < LANES; i++) {
                Bytes.putFloat(data, start + i * step, a[i]);
            }
            return;
        }
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            Bytes.putFloat(data, at[lane] + k, a[lane]);
        }
    }

    private static void writeInts(Access access, int k, int[] a, int mask) {
        byte[] data = access.data();
        int[] at = access.offsets();
        if (access.step() > 0) {
            int start = at[0] + k;
            int step = access.step();
            for (int i = 0; i < LANES; i++) {
                Bytes.putInt(data, start + i * step, a[i]);
            }
            return;
        }
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            Bytes.putInt(data, at[lane] + k, a[lane]);
        }
    }
}
