package dev.clusca.backend.cuda;

import dev.clusca.backend.BackendException;
import dev.clusca.backend.cuda.driver.CudaCapability;
import dev.clusca.backend.cuda.driver.CudaDriver;
import dev.clusca.backend.cuda.driver.CudaDriver.ParameterPlace;
import dev.clusca.backend.cuda.driver.CudaError;
import dev.clusca.backend.cuda.driver.CudaException;
import dev.clusca.bindings.cuda.Cuda;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;

/** Compiled kernels that are loaded into a context. Closing it unloads them and ends the life of every {@link Kernel} that it gave. */
public final class CudaModule implements AutoCloseable {
    private final CudaContext context;
    private final Ptx ptx;
    private final long handle;
    private final Resource resource;

    private CudaModule(CudaContext context, Ptx ptx, long handle) {
        this.context = context;
        this.ptx = ptx;
        this.handle = handle;
        this.resource = new Resource("the CUDA module " + ptx.name());
    }

    /** The context must be current. */
    static CudaModule load(CudaContext context, Ptx ptx) {
        try (Arena text = Arena.ofConfined()) {
            return new CudaModule(context, ptx, context.driver().moduleLoad(text.allocateFrom(ptx.text())));
        }
    }

    /**
     * A kernel of this module, ready for launches from one thread at a time.
     *
     * @param name of the entry in the PTX
     * @param parameters kind and name of each parameter that the caller will pass, in order, as in {@code "const f32* x"} and {@code "s32 T"}
     * @throws BackendException if there is no such kernel, or the parameters are not those of the manifest and of the compiled code
     */
    public Kernel kernel(String name, String... parameters) {
        resource.require();
        List<KernelParameter> declared = KernelParameter.layout(name, List.of(parameters));
        Optional<KernelEntry> entry = entry(name);
        entry.ifPresent(known -> requireEqual(known, declared));
        try (CudaContext.Scope _ = context.enter()) {
            CudaDriver driver = context.driver();
            long function = driver.moduleFunction(handle, name);
            requireCompiledAs(function, name, declared);
            int threads = driver.functionAttribute(function, Cuda.CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK());
            int shared = driver.functionAttribute(function, Cuda.CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES());
            entry.ifPresent(known -> requireCompiledAs(known, threads));
            int block = entry.map(KernelEntry::block).orElse(threads);
            Kernel kernel =
                    new Kernel(context, this, name, function, block, shared, new KernelArguments(name, declared));
            int dynamic = entry.map(KernelEntry::dynamicShared).orElse(0);
            return dynamic == 0 ? kernel : kernel.allowSharedMemory(dynamic);
        }
    }

    /** What the manifest says of a kernel; nothing where the module is another program's. */
    Optional<KernelEntry> entry(String name) {
        if (ptx.entries().isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(ptx.entries().stream()
                .filter(entry -> entry.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new BackendException(ptx.name() + " has no kernel " + name + "; it has "
                        + String.join(
                                ", ",
                                ptx.entries().stream().map(KernelEntry::name).toList()))));
    }

    private void requireEqual(KernelEntry known, List<KernelParameter> declared) {
        if (!known.parameters().equals(declared)) {
            throw new BackendException(
                    "kernel " + known.name() + " of " + ptx.name() + " takes (" + list(known.parameters())
                            + "), the caller passes (" + list(declared)
                            + "); change the caller, or build the kernels again with kernels/build.sh");
        }
    }

    private static String list(List<KernelParameter> parameters) {
        return String.join(
                ", ", parameters.stream().map(KernelParameter::toString).toList());
    }

    /** Asks the driver for each parameter's place, where it can tell, and that there are no more. */
    private void requireCompiledAs(long function, String name, List<KernelParameter> declared) {
        if (!context.offers(CudaCapability.PARAMETER_INFO)) {
            return;
        }
        CudaDriver driver = context.driver(CudaCapability.PARAMETER_INFO);
        for (int i = 0; i < declared.size(); i++) {
            KernelParameter parameter = declared.get(i);
            Optional<ParameterPlace> place = place(driver, function, i);
            ParameterPlace expected = new ParameterPlace(parameter.offset(), parameter.size());
            if (!place.equals(Optional.of(expected))) {
                throw new BackendException(
                        "kernel " + name + " of " + ptx.name() + ": parameter " + i + ", " + parameter
                                + ", should lie at byte " + expected.offset() + " and have " + expected.size()
                                + " bytes; the compiled code has "
                                + place.map(p -> p.size() + " bytes at byte " + p.offset())
                                        .orElse("no such parameter")
                                + "; declare the parameters as the kernel's source does");
            }
        }
        if (place(driver, function, declared.size()).isPresent()) {
            throw new BackendException(
                    "kernel " + name + " of " + ptx.name() + " takes more than the " + declared.size()
                            + " parameters that the caller passes (" + list(declared) + "); declare all of them");
        }
    }

    private static Optional<ParameterPlace> place(CudaDriver driver, long function, int index) {
        try {
            return Optional.of(driver.functionParameter(function, index));
        } catch (CudaException e) {
            if (e.is(CudaError.INVALID_VALUE)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** Shared memory may differ: the driver's compiler is another than the build's, and from Hopper on reserves some of it. */
    private void requireCompiledAs(KernelEntry known, int threads) {
        if (threads < known.block()) {
            throw new BackendException("kernel " + known.name() + " of " + ptx.name() + " was compiled for blocks of "
                    + threads + " threads; the manifest says " + known.block()
                    + "; build the kernels again with kernels/build.sh, or install a newer NVIDIA driver");
        }
    }

    void require() {
        resource.require();
    }

    /** Unloads it; nothing happens when the context is closed already, or the second time. */
    @Override
    public void close() {
        if (!resource.close()) {
            return;
        }
        context.free(() -> context.driver().moduleUnload(handle));
    }

    @Override
    public String toString() {
        return resource.toString();
    }
}
