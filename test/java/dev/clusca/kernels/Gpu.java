package dev.clusca.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.reference.Fixture;
import dev.clusca.emulator.EmulatorOptions;
import dev.clusca.emulator.report.LaunchReport;
import dev.clusca.tensor.Bf16;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The shipped PTX on the emulated device, beside the reference backend on the host. Each launch uploads its tensors' contents, so that kernel and reference start from the
 * same; outputs come back apart from the host's tensors, which the reference may then write. The device refuses what lies outside a tensor, and what was not written.
 */
final class Gpu implements AutoCloseable {
    private static final KernelManifest MANIFEST = KernelManifest.read();

    final Fixture host;
    private final EmulatedDevice device;
    private final Map<Tensor, double[]> results = new IdentityHashMap<>();
    private final Set<Tensor> skewedTensors = Collections.newSetFromMap(new IdentityHashMap<>());
    private boolean skewed;

    Gpu() {
        host = new Fixture();
        device = new EmulatedDevice();
    }

    /** The same whatever {@code -Dclusca.seed} says: {@code data} seeds what tensors hold, {@code order} what the emulator is free in. */
    Gpu(long data, long order, EmulatorOptions options) {
        host = new Fixture(BackendOptions.DEFAULT, data);
        device = new EmulatedDevice(order, options);
    }

    /** From now on tensors begin one element after a multiple of 16 bytes: kernels must take their scalar paths. */
    void skew() {
        skewed = true;
    }

    /** Only these tensors begin there. */
    void skew(Tensor... tensors) {
        skewedTensors.addAll(List.of(tensors));
    }

    record Grid(int x, int y, int z) {}

    static Grid grid(long x) {
        return grid(x, 1, 1);
    }

    static Grid grid(long x, long y) {
        return grid(x, y, 1);
    }

    static Grid grid(long x, long y, long z) {
        return new Grid(Math.toIntExact(x), Math.toIntExact(y), Math.toIntExact(z));
    }

    /** Launches with arguments in the order of the manifest: tensors or null for pointers, boxed numbers for scalars, a list of tensors for a struct of pointers, which the kernel reads. */
    LaunchReport launch(String entry, Grid grid, @Nullable Object... arguments) {
        return launch(entry, grid, false, MANIFEST.entry(entry).dynamicShared(), arguments);
    }

    /** A launch whose blocks are resident all at once. */
    LaunchReport launchCooperatively(String entry, Grid grid, @Nullable Object... arguments) {
        return launch(entry, grid, true, MANIFEST.entry(entry).dynamicShared(), arguments);
    }

    /** A launch whose blocks are resident all at once, with other dynamic shared memory than the manifest's, in bytes. */
    LaunchReport launchWithShared(String entry, Grid grid, int dynamicShared, @Nullable Object... arguments) {
        return launch(entry, grid, true, dynamicShared, arguments);
    }

    private LaunchReport launch(
            String name, Grid grid, boolean cooperative, int dynamicShared, @Nullable Object... arguments) {
        KernelManifest.Entry entry = MANIFEST.entry(name);
        List<KernelManifest.Parameter> parameters = entry.parameters();
        assertThat(arguments).as("arguments of %s: %s", name, parameters).hasSize(parameters.size());
        host.backend.synchronize();
        Map<Tensor, Long> addresses = new IdentityHashMap<>();
        KernelManifest.Parameter last = parameters.getLast();
        ByteBuffer packed = ByteBuffer.allocate(last.offset() + last.size()).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < arguments.length; i++) {
            put(packed, name, parameters.get(i), arguments[i], addresses);
        }
        // A tensor may be an input and the output, where the kernel's contract says so.
        Set<Tensor> written = Collections.newSetFromMap(new IdentityHashMap<>());
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i] instanceof Tensor tensor && !parameters.get(i).isReadOnly()) {
                written.add(tensor);
            }
        }
        LaunchReport report =
                device.launch(MANIFEST.module(name), entry, grid, cooperative, dynamicShared, packed.array());
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i] instanceof Tensor tensor) {
                byte[] found = device.read(addresses.get(tensor), (int) tensor.bytes());
                if (parameters.get(i).isReadOnly() && !written.contains(tensor)) {
                    assertThat(found)
                            .as("%s wrote its input %s", name, parameters.get(i).name())
                            .isEqualTo(tensor.memory().toArray(ValueLayout.JAVA_BYTE));
                } else {
                    results.put(tensor, numbers(tensor.dtype(), found));
                }
            }
        }
        addresses.values().forEach(device::free);
        return report;
    }

    private void put(
            ByteBuffer packed,
            String entry,
            KernelManifest.Parameter parameter,
            @Nullable Object argument,
            Map<Tensor, Long> addresses) {
        int at = parameter.offset();
        switch (argument) {
            case null -> packed.putLong(at, 0);
            case Tensor tensor -> {
                String type =
                        tensor.dtype() == DType.I32 ? "s32" : tensor.dtype().label();
                // Elements of any type: another argument tells which.
                if (!parameter.type().equals("any")) {
                    assertThat(parameter.type().replace("u32", "s32"))
                            .as("%s, %s", entry, parameter)
                            .isEqualTo(type);
                }
                packed.putLong(at, addresses.computeIfAbsent(tensor, this::upload));
            }
            case List<?> tensors -> {
                for (int word = 0; word < tensors.size(); word++) {
                    Tensor tensor = (Tensor) tensors.get(word);
                    packed.putLong(at + word * Long.BYTES, addresses.computeIfAbsent(tensor, this::upload));
                }
            }
            case Long value -> packed.putLong(at, value);
            case Integer value -> packed.putInt(at, value);
            case Float value -> packed.putFloat(at, value);
            default -> throw new IllegalArgumentException(entry + ": " + argument);
        }
    }

    private long upload(Tensor tensor) {
        return device.allocate(
                tensor.memory(),
                skewed || skewedTensors.contains(tensor) ? tensor.dtype().bytes() : 0,
                tensor.toString());
    }

    /** What the last launch left in a tensor that it wrote. */
    double[] result(Tensor tensor) {
        return results.get(tensor);
    }

    int[] intResult(Tensor tensor) {
        double[] values = result(tensor);
        int[] ints = new int[values.length];
        for (int i = 0; i < ints.length; i++) {
            ints[i] = (int) values[i];
        }
        return ints;
    }

    /** Puts a result into the host's tensor, so that the next launch goes on from it. */
    void keep(Tensor tensor) {
        double[] values = result(tensor);
        MemorySegment memory = tensor.memory();
        for (int i = 0; i < values.length; i++) {
            switch (tensor.dtype()) {
                case F32 -> memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) values[i]);
                case BF16 -> memory.setAtIndex(ValueLayout.JAVA_SHORT, i, Bf16.fromFloat((float) values[i]));
                default -> memory.setAtIndex(ValueLayout.JAVA_INT, i, (int) values[i]);
            }
        }
    }

    /** The result is the reference's, which the host's tensor now holds: 1e-5 relative L2 in F32; in BF16 each element within one unit in the last place. */
    void assertClose(Tensor tensor) {
        double[] expected = host.read(tensor);
        double[] found = result(tensor);
        double error = 0;
        double norm = 0;
        double largest = 0;
        for (double value : expected) {
            largest = Double.isFinite(value) ? Math.max(largest, Math.abs(value)) : largest;
        }
        for (int i = 0; i < expected.length; i++) {
            if (Double.isNaN(expected[i])) {
                assertThat(found[i]).as("%s, element %d", tensor, i).isNaN();
                continue;
            }
            double difference = found[i] - expected[i];
            assertThat(difference)
                    .as("%s, element %d: %s, expected %s", tensor, i, found[i], expected[i])
                    .isNotNaN();
            if (tensor.dtype() == DType.BF16) {
                assertThat(Math.abs(difference))
                        .as("%s, element %d: %s, expected %s", tensor, i, found[i], expected[i])
                        .isLessThanOrEqualTo(Math.scalb(1.0, Math.getExponent(expected[i]) - 7) + 1e-5 * largest);
            }
            error += difference * difference;
            norm += expected[i] * expected[i];
        }
        if (tensor.dtype() == DType.F32) {
            assertThat(Math.sqrt(error))
                    .as("%s: relative L2 error", tensor)
                    .isLessThanOrEqualTo(1e-5 * Math.sqrt(norm));
        }
    }

    /** The result is the reference's to the bit. */
    void assertSame(Tensor tensor) {
        assertThat(result(tensor)).as(tensor.toString()).isEqualTo(host.read(tensor));
    }

    /** A modulation's arguments. */
    static Object[] modulation(Modulation m) {
        return new Object[] {m.table(), m.conditions(), m.steps().cursor()};
    }

    static Object[] steps(StepTable s) {
        return new Object[] {s.rows(), s.cursor()};
    }

    private static double[] numbers(DType dtype, byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        double[] values = new double[bytes.length / dtype.bytes()];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (dtype) {
                case F32 -> buffer.getFloat(4 * i);
                case BF16 -> Bf16.toFloat(buffer.getShort(2 * i));
                default -> buffer.getInt(4 * i);
            };
        }
        return values;
    }

    @Override
    public void close() {
        host.close();
    }
}
