package dev.clusca.backend.cuda;

import dev.clusca.backend.KernelUse;
import dev.clusca.tensor.DType;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** The shipped kernels that operations launch. A family's module is loaded when the first of its kernels is needed, which takes the driver's compiler a moment; never during a capture. */
final class Kernels implements AutoCloseable {
    /** The families that the backend's operations use. */
    static final List<String> FAMILIES = List.of(
            "embed", "norm", "gemm", "attention", "ladder", "prefix", "kmeans", "draws", "rows", "sampler", "decoder");

    private final CudaQueue queue;
    private final List<String> families;
    private final Map<String, CudaModule> modules = new HashMap<>();
    private final Map<Long, Kernel> byFunction = new HashMap<>();

    /** @param families those that captured operations may use */
    Kernels(CudaQueue queue, List<String> families) {
        this.queue = queue;
        this.families = families;
    }

    /**
     * A kernel that exists for several element types.
     *
     * @param parameters kind and name of each; {@code A}, {@code B} and {@code C} stand for the first, second and third type, as in {@code "const A* x"}
     */
    Typed typed(String family, String name, String... parameters) {
        return new Typed(family, name, parameters);
    }

    /** Loads what is not loaded yet, so that a capture finds it. */
    void loadAll() {
        families.forEach(this::module);
    }

    private CudaModule module(String family) {
        CudaModule loaded = modules.get(family);
        if (loaded == null) {
            queue.requireNoCapture(
                    "the first use of a kernel of the family " + family,
                    "run the operation once before the capture, or capture with CudaBackend.capture, which loads all kernels");
            loaded = queue.context().load(Ptx.shipped(family));
            modules.put(family, loaded);
        }
        return loaded;
    }

    /** What the kernels of a graph take, in order. */
    List<KernelUse> uses(CudaGraph graph) {
        return Arrays.stream(graph.functions())
                .mapToObj(byFunction::get)
                .filter(Objects::nonNull)
                .map(Kernel::use)
                .toList();
    }

    @Override
    public void close() {
        modules.values().forEach(CudaModule::close);
    }

    /** One kernel in all its element types. */
    final class Typed {
        private static final int MOST_TYPES = 3;

        private final String family;
        private final String name;
        private final String[] parameters;
        private final Kernel[] loaded = new Kernel[1 << MOST_TYPES];

        private Typed(String family, String name, String... parameters) {
            this.family = family;
            this.name = name;
            this.parameters = parameters;
        }

        /** The kernel whose types these are, F32 or BF16 each; as many as its name has. */
        Kernel of(DType... types) {
            int index = 0;
            for (DType type : types) {
                index = 2 * index + (type == DType.BF16 ? 1 : 0);
            }
            Kernel kernel = loaded[index];
            if (kernel == null) {
                kernel = load(types);
                loaded[index] = kernel;
            }
            return kernel;
        }

        private Kernel load(DType... types) {
            StringBuilder entry = new StringBuilder(name);
            String[] declared = parameters.clone();
            for (int i = 0; i < types.length; i++) {
                String label = types[i].label();
                String place = (char) ('A' + i) + "* ";
                entry.append('_').append(label);
                for (int p = 0; p < declared.length; p++) {
                    declared[p] = declared[p].replace(place, label + "* ");
                }
            }
            Kernel kernel = module(family).kernel(entry.toString(), declared);
            byFunction.put(kernel.function(), kernel);
            return kernel;
        }
    }
}
