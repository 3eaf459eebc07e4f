package dev.clusca.emulator.ops;

import dev.clusca.emulator.machine.Access;
import dev.clusca.emulator.machine.Op;
import dev.clusca.emulator.machine.Scratch;
import dev.clusca.emulator.machine.Warp;
import dev.clusca.emulator.memory.Bytes;
import dev.clusca.emulator.ptx.Operand;
import dev.clusca.emulator.ptx.Space;
import dev.clusca.emulator.ptx.Type;
import java.util.List;

/**
 * {@code ldmatrix} and {@code mma.sync} with f32 accumulators. Fragments are those of the PTX manual ("Matrix Fragments for mma.m16n8k16"): lane l has row l/4 and columns
 * from 2*(l%4). Products are summed in ascending k with one rounding each, an order of our own: the manual leaves it open.
 */
final class Matrix {
    private static final int LANES = Warp.LANES;
    private static final int ROWS = 16;
    private static final int COLUMNS = 8;
    private static final int ROW_BYTES = 16;

    private Matrix() {}

    static Op load(Form form, Binder bind) {
        form.type();
        form.ignore("sync", "aligned", "m8n8");
        boolean transposed = form.take("trans");
        Space space = Memory.space(form);
        int count = switch (form.takeOne("", "x1", "x2", "x4")) {
            case "x1" -> 1;
            case "x2" -> 2;
            case "x4" -> 4;
            default -> throw form.unknown();
        };
        form.expectOperands(2, 2);
        List<Operand> targets =
                form.operand(0) instanceof Operand.Group group ? group.parts() : List.of(form.operand(0));
        if (targets.size() != count) {
            throw form.unknown();
        }
        Memory.Addresses addresses = Memory.addresses(form, bind, form.operand(1));
        int[] d = targets.stream().mapToInt(bind::intTarget).toArray();
        int rows = count == 4 ? Warp.ALL : (1 << 8 * count) - 1;
        return (warp, mask) -> {
            if (!Lockstep.wholeWarp(warp, mask)) {
                return;
            }
            Access access = warp.worker().access();
            access.open(warp, space, addresses.of(warp), ROW_BYTES, rows, Access.Kind.LOAD);
            for (int matrix = 0; matrix < count; matrix++) {
                fragment(warp.i[d[matrix]], access.data(), access.offsets(), 8 * matrix, transposed);
            }
        };
    }

    private static void fragment(int[] d, byte[] data, int[] rows, int first, boolean transposed) {
        for (int lane = 0; lane < LANES; lane++) {
            int row = lane >> 2;
            int column = 2 * (lane & 3);
            if (transposed) {
                int low = Bytes.getShort(data, rows[first + column] + 2 * row) & 0xffff;
                int high = Bytes.getShort(data, rows[first + column + 1] + 2 * row);
                d[lane] = high << 16 | low;
            } else {
                d[lane] = Bytes.getInt(data, rows[first + row] + 2 * column);
            }
        }
    }

    static Op multiply(Form form, Binder bind) {
        Type typeC = form.type();
        Type typeB = form.type();
        Type typeA = form.type();
        Type typeD = form.type();
        form.ignore("sync", "aligned", "row", "col");
        int depth = switch (form.takeOne("", "m16n8k16", "m16n8k8")) {
            case "m16n8k16" -> 16;
            case "m16n8k8" -> 8;
            default -> throw form.unknown();
        };
        boolean known = typeC == Type.F32
                && typeD == Type.F32
                && typeA == typeB
                && (typeA == Type.BF16 || typeA == Type.F16 || typeA == Type.TF32 && depth == 8);
        if (!known) {
            throw form.unknown();
        }
        form.expectOperands(4, 4);
        int[] a = sources(form, bind, 1, depth * ROWS / LANES / (typeA == Type.TF32 ? 1 : 2));
        int[] b = sources(form, bind, 2, depth * COLUMNS / LANES / (typeA == Type.TF32 ? 1 : 2));
        List<Operand> groupC = parts(form, 3, 4);
        int[] c = groupC.stream().mapToInt(bind::floatSource).toArray();
        int[] d = parts(form, 0, 4).stream().mapToInt(bind::floatTarget).toArray();
        return (warp, mask) -> {
            if (!Lockstep.wholeWarp(warp, mask)) {
                return;
            }
            Scratch tiles = warp.worker().scratch();
            for (int k = 0; k < a.length; k++) {
                // Odd registers hold the lower eight rows, the second pair the upper half of the columns.
                unpack(
                        tiles.matrixA,
                        depth,
                        1,
                        warp.i[a[k]],
                        8 * (k & 1),
                        depth / 2 * (a.length == 4 ? k >> 1 : 0),
                        typeA);
            }
            for (int k = 0; k < b.length; k++) {
                unpack(tiles.matrixB, 1, COLUMNS, warp.i[b[k]], 0, depth / 2 * k, typeA);
            }
            gather(tiles.matrixC, warp, c);
            product(tiles.matrixC, tiles.matrixA, tiles.matrixB, depth);
            scatter(warp, d, tiles.matrixC);
        };
    }

    private static int[] sources(Form form, Binder bind, int operand, int count) {
        return parts(form, operand, count).stream()
                .mapToInt(part -> bind.intSource(part, Type.B32))
                .toArray();
    }

    private static List<Operand> parts(Form form, int operand, int count) {
        List<Operand> parts =
                form.operand(operand) instanceof Operand.Group group ? group.parts() : List.of(form.operand(operand));
        if (parts.size() != count) {
            throw form.unknown("operand " + (operand + 1) + " has " + parts.size() + " registers, not " + count);
        }
        return parts;
    }

    /** Puts one register of each lane into a tile: lane l's numbers belong to line {@code line + l/4} and to positions along k. */
    private static void unpack(float[] tile, int lineStride, int kStride, int[] register, int line, int k0, Type type) {
        if (type == Type.TF32) {
            for (int lane = 0; lane < LANES; lane++) {
                int at = (line + (lane >> 2)) * lineStride + (k0 + (lane & 3)) * kStride;
                tile[at] = Float.intBitsToFloat(register[lane] & ~0x1fff);
            }
            return;
        }
        boolean brain = type == Type.BF16;
        for (int lane = 0; lane < LANES; lane++) {
            int at = (line + (lane >> 2)) * lineStride + (k0 + 2 * (lane & 3)) * kStride;
            int bits = register[lane];
            tile[at] = brain ? Halves.fromBf16(bits) : Halves.fromF16(bits);
            tile[at + kStride] = brain ? Halves.fromBf16(bits >>> 16) : Halves.fromF16(bits >>> 16);
        }
    }

    private static void gather(float[] tile, Warp warp, int[] c) {
        for (int k = 0; k < 4; k++) {
            float[] register = warp.f[c[k]];
            for (int lane = 0; lane < LANES; lane++) {
                tile[accumulator(k, lane)] = register[lane];
            }
        }
    }

    private static void scatter(Warp warp, int[] d, float[] tile) {
        for (int k = 0; k < 4; k++) {
            float[] register = warp.f[d[k]];
            for (int lane = 0; lane < LANES; lane++) {
                register[lane] = tile[accumulator(k, lane)];
            }
        }
    }

    private static int accumulator(int register, int lane) {
        return ((lane >> 2) + 8 * (register >> 1)) * COLUMNS + 2 * (lane & 3) + (register & 1);
    }

    /** {@code c += a b}; a is 16 x depth, b is depth x 8, both by rows. Eight accumulators stay in registers. */
    private static void product(float[] c, float[] a, float[] b, int depth) {
        for (int row = 0; row < ROWS; row++) {
            int at = row * COLUMNS;
            float c0 = c[at];
            float c1 = c[at + 1];
            float c2 = c[at + 2];
            float c3 = c[at + 3];
            float c4 = c[at + 4];
            float c5 = c[at + 5];
            float c6 = c[at + 6];
            float c7 = c[at + 7];
            for (int k = 0; k < depth; k++) {
                float x = a[row * depth + k];
                int y = k * COLUMNS;
                c0 = Math.fma(x, b[y], c0);
                c1 = Math.fma(x, b[y + 1], c1);
                c2 = Math.fma(x, b[y + 2], c2);
                c3 = Math.fma(x, b[y + 3], c3);
                c4 = Math.fma(x, b[y + 4], c4);
                c5 = Math.fma(x, b[y + 5], c5);
                c6 = Math.fma(x, b[y + 6], c6);
                c7 = Math.fma(x, b[y + 7], c7);
            }
            c[at] = c0;
            c[at + 1] = c1;
            c[at + 2] = c2;
            c[at + 3] = c3;
            c[at + 4] = c4;
            c[at + 5] = c5;
            c[at + 6] = c6;
            c[at + 7] = c7;
        }
    }
}
