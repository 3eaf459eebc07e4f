package dev.clusca.emulator.ops;

import dev.clusca.emulator.machine.Program;
import dev.clusca.emulator.machine.Special;
import dev.clusca.emulator.machine.Warp;
import dev.clusca.emulator.ptx.Operand;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Gives every register, constant and temporary of a kernel its slot in a bank. */
final class Slots {
    private final Map<Integer, Integer> registers = new HashMap<>();
    private final Map<Integer, Integer> watched = new HashMap<>();
    private final Map<Object, Integer> constants = new HashMap<>();
    private final Map<Bank, List<Integer>> temporaries = new EnumMap<>(Bank.class);
    private final Map<Bank, Integer> temporariesInUse = new EnumMap<>(Bank.class);
    private final List<int @Nullable []> ints = new ArrayList<>();
    private final List<float @Nullable []> floats = new ArrayList<>();
    private final List<long @Nullable []> longs = new ArrayList<>();
    private final List<double @Nullable []> doubles = new ArrayList<>();
    private int predicates;

    Slots() {
        for (int k = 0; k < Special.values().length; k++) {
            ints.add(null);
        }
    }

    int register(Operand.Register register) {
        return registers.computeIfAbsent(register.index(), index -> fresh(Bank.of(register.type())));
    }

    /** The slot of a predicate that says in which lanes a watched register has been set. */
    int isSet(Operand.Register register) {
        return watched.computeIfAbsent(register.index(), index -> predicates++);
    }

    int constant(int value) {
        return constants.computeIfAbsent(value, key -> {
            int[] lanes = new int[Warp.LANES];
            Arrays.fill(lanes, value);
            ints.add(lanes);
            return ints.size() - 1;
        });
    }

    int constant(float value) {
        return constants.computeIfAbsent(List.of("f32", Float.floatToRawIntBits(value)), key -> {
            float[] lanes = new float[Warp.LANES];
            Arrays.fill(lanes, value);
            floats.add(lanes);
            return floats.size() - 1;
        });
    }

    int constant(long value) {
        return constants.computeIfAbsent(value, key -> {
            long[] lanes = new long[Warp.LANES];
            Arrays.fill(lanes, value);
            longs.add(lanes);
            return longs.size() - 1;
        });
    }

    int constant(double value) {
        return constants.computeIfAbsent(List.of("f64", Double.doubleToRawLongBits(value)), key -> {
            double[] lanes = new double[Warp.LANES];
            Arrays.fill(lanes, value);
            doubles.add(lanes);
            return doubles.size() - 1;
        });
    }

    /** A slot for a value within one instruction. */
    int temporary(Bank bank) {
        List<Integer> known = temporaries.computeIfAbsent(bank, b -> new ArrayList<>());
        int used = temporariesInUse.merge(bank, 1, Integer::sum) - 1;
        if (used == known.size()) {
            known.add(fresh(bank));
        }
        return known.get(used);
    }

    /** Temporaries may be used again: an instruction ends. */
    void release() {
        temporariesInUse.clear();
    }

    private int fresh(Bank bank) {
        return switch (bank) {
            case INT -> {
                ints.add(null);
                yield ints.size() - 1;
            }
            case FLOAT -> {
                floats.add(null);
                yield floats.size() - 1;
            }
            case LONG -> {
                longs.add(null);
                yield longs.size() - 1;
            }
            case DOUBLE -> {
                doubles.add(null);
                yield doubles.size() - 1;
            }
            case PREDICATE -> predicates++;
        };
    }

    Program.Registers registers() {
        return new Program.Registers(
                ints.toArray(int[][]::new),
                floats.toArray(float[][]::new),
                longs.toArray(long[][]::new),
                doubles.toArray(double[][]::new),
                predicates);
    }
}
