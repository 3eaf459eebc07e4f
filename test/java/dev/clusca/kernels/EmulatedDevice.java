package dev.clusca.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.emulator.Emulator;
import dev.clusca.emulator.EmulatorOptions;
import dev.clusca.emulator.ptx.Ptx;
import dev.clusca.emulator.report.Dim3;
import dev.clusca.emulator.report.LaunchReport;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The emulator with all its detectors; a launch that meets a fault fails the test with the fault. */
final class EmulatedDevice {
    private static final long SEED = Long.getLong("clusca.seed", 20);
    private static final byte LEAD = (byte) 0xa5;
    private static final Map<String, Ptx> PARSED = new ConcurrentHashMap<>();

    private final Emulator emulator;
    private final Map<Long, Integer> skews = new ConcurrentHashMap<>();

    EmulatedDevice() {
        this(SEED, EmulatorOptions.DEFAULT);
    }

    EmulatedDevice(long seed, EmulatorOptions options) {
        emulator = Emulator.create(seed, options);
    }

    /** Memory of exactly those contents; nothing behind it belongs to it, and {@code skew} bytes before it must stay as they are. */
    long allocate(MemorySegment contents, int skew, String label) {
        long base = emulator.allocate(contents.byteSize() + skew, label);
        if (skew > 0) {
            byte[] lead = new byte[skew];
            Arrays.fill(lead, LEAD);
            emulator.write(base, MemorySegment.ofArray(lead));
        }
        emulator.write(base + skew, contents);
        skews.put(base + skew, skew);
        return base + skew;
    }

    byte[] read(long address, int bytes) {
        byte[] found = new byte[bytes];
        emulator.read(address, MemorySegment.ofArray(found));
        return found;
    }

    void free(long address) {
        int skew = skews.remove(address);
        byte[] lead = read(address - skew, skew);
        for (byte b : lead) {
            assertThat(b).as("a byte before a tensor").isEqualTo(LEAD);
        }
        emulator.free(address - skew);
    }

    LaunchReport launch(
            KernelManifest.Module module,
            KernelManifest.Entry entry,
            Gpu.Grid grid,
            boolean cooperative,
            int dynamicShared,
            byte[] parameters) {
        Ptx ptx = PARSED.computeIfAbsent(module.file(), file -> Ptx.parse(module.ptx()));
        return emulator.launch(
                        ptx,
                        entry.name(),
                        new Dim3(grid.x(), grid.y(), grid.z()),
                        Dim3.of(entry.block()),
                        dynamicShared,
                        parameters,
                        cooperative)
                .orThrow();
    }
}
