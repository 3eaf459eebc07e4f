package dev.clusca.emulator;

import dev.clusca.emulator.machine.Launch;
import dev.clusca.emulator.machine.Program;
import dev.clusca.emulator.memory.Allocation;
import dev.clusca.emulator.memory.DeviceMemory;
import dev.clusca.emulator.ops.Decoder;
import dev.clusca.emulator.ptx.Entry;
import dev.clusca.emulator.ptx.Ptx;
import dev.clusca.emulator.ptx.Variable;
import dev.clusca.emulator.report.Dim3;
import dev.clusca.emulator.report.LaunchReport;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * A device that exists only in this process: memory, and kernels that run in it.
 *
 * <pre>{@code
 * Emulator emulator = Emulator.create(7, EmulatorOptions.DEFAULT);
 * long x = emulator.allocate(4096, "x");
 * emulator.write(x, MemorySegment.ofArray(new float[1024]));
 * LaunchReport report = emulator.launch(Ptx.parse(text), "scale", Dim3.of(8), Dim3.of(128), 0, new Parameters().pointer(x).f32(2));
 * report.orThrow();
 * emulator.read(x, MemorySegment.ofArray(result));
 * }</pre>
 *
 * The seed orders warps and blocks, anew at each launch, and moves approximate results within their error, as one GPU does: what is launched again gives the same bits. A correct
 * kernel is right under every seed. Memory may be used from any thread; launches are run one at a time.
 */
public final class Emulator {
    /** Shared memory of a block at most, with the opt-in for dynamic memory: that of an H200. */
    public static final int MAX_SHARED_BYTES = 227 << 10;

    private final long seed;
    private final EmulatorOptions options;
    private final DeviceMemory memory;
    private final Map<Ptx, LoadedModule> modules = new IdentityHashMap<>();
    private long launches;

    /** A module on the device: where its variables are, and its kernels as far as they were needed. */
    private record LoadedModule(long variables, Map<String, Program> programs) {}

    private Emulator(long seed, EmulatorOptions options) {
        this.seed = seed;
        this.options = options;
        this.memory = new DeviceMemory(options.deviceBytes());
    }

    public static Emulator create(long seed, EmulatorOptions options) {
        return new Emulator(seed, options);
    }

    /** The device's memory, for what the methods here do not cover. */
    public DeviceMemory memory() {
        return memory;
    }

    /** The address of new memory that holds no value yet; {@code label} names it in reports. */
    public long allocate(long bytes, String label) {
        return memory.allocate(bytes, label).address();
    }

    /** Gives memory back; {@code address} is what {@link #allocate} gave. */
    public void free(long address) {
        memory.free(address);
    }

    /** Copies from the host. */
    public void write(long address, MemorySegment from) {
        memory.write(address, from);
    }

    /** Copies to the host. */
    public void read(long address, MemorySegment to) {
        memory.read(address, to);
    }

    /** Decodes every kernel of a module and places its variables, so that an unknown instruction is found before a launch. */
    public synchronized void load(Ptx module) {
        LoadedModule loaded = loaded(module);
        module.entries().values().forEach(entry -> program(loaded, entry));
    }

    /** Gives the memory of a module's variables back and forgets its kernels; none of them may be running. */
    public synchronized void unload(Ptx module) {
        LoadedModule loaded = modules.remove(module);
        if (loaded != null && loaded.variables != 0) {
            memory.free(loaded.variables);
        }
    }

    /** The address of a module's global or constant variable. */
    public synchronized long variable(Ptx module, String name) {
        for (Variable variable : module.variables()) {
            if (variable.name().equals(name)) {
                return loaded(module).variables + variable.offset();
            }
        }
        throw new IllegalArgumentException("the module has no variable " + name + "; it has "
                + module.variables().stream().map(Variable::name).toList());
    }

    /**
     * Runs a kernel to its end or to its first fault.
     *
     * @param sharedBytes dynamic shared memory of a block
     * @throws IllegalArgumentException where the launch itself is wrong: no such kernel, too many threads, too little parameter data
     */
    public LaunchReport launch(
            Ptx module, String kernel, Dim3 grid, Dim3 block, int sharedBytes, Parameters parameters) {
        return launch(module, kernel, grid, block, sharedBytes, parameters.bytes(), false);
    }

    /** The same with all blocks running at once, so that they may wait for each other. */
    public LaunchReport launchCooperative(
            Ptx module, String kernel, Dim3 grid, Dim3 block, int sharedBytes, Parameters parameters) {
        return launch(module, kernel, grid, block, sharedBytes, parameters.bytes(), true);
    }

    /** The same with the parameter buffer as the kernel sees it: each parameter at its offset. */
    public synchronized LaunchReport launch(
            Ptx module, String kernel, Dim3 grid, Dim3 block, int sharedBytes, byte[] parameters, boolean cooperative) {
        Entry entry = module.entry(kernel);
        LaunchCheck.check(entry, grid, block, sharedBytes, parameters);
        Program program = program(loaded(module), entry);
        long barrier = cooperative ? GridBarrier.allocate(memory) : 0;
        try {
            return new Launch(
                            program,
                            memory,
                            grid,
                            block,
                            sharedBytes,
                            parameters,
                            cooperative,
                            barrier,
                            options.detectors(),
                            seed,
                            seed + launches++)
                    .run();
        } finally {
            if (cooperative) {
                memory.free(barrier);
            }
        }
    }

    private LoadedModule loaded(Ptx module) {
        return modules.computeIfAbsent(module, m -> new LoadedModule(place(m), new HashMap<>()));
    }

    private long place(Ptx module) {
        if (module.variableBytes() == 0) {
            return 0;
        }
        Allocation area = memory.allocate(module.variableBytes(), "variables of a module");
        // CUDA clears variables without an initial value.
        memory.fill(area.address(), 0, 1, area.size());
        for (Variable variable : module.variables()) {
            byte[] initial = variable.initial();
            if (initial != null) {
                memory.write(area.address() + variable.offset(), MemorySegment.ofArray(initial));
            }
        }
        return area.address();
    }

    private static Program program(LoadedModule module, Entry entry) {
        return module.programs.computeIfAbsent(entry.name(), name -> Decoder.decode(entry, module.variables));
    }
}
