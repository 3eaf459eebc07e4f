package dev.clusca.backend.cuda;

import dev.clusca.backend.BackendException;
import dev.clusca.backend.BackendProvider.Probe;
import dev.clusca.backend.BackendProvider.Selection;
import dev.clusca.backend.cuda.driver.JCudaBlas;
import dev.clusca.backend.cuda.driver.JCudaClasses;
import dev.clusca.bindings.CublasLibrary;
import dev.clusca.bindings.CublasLtLibrary;
import dev.clusca.bindings.CudaLibrary;
import dev.clusca.bindings.NativeUnavailableException;
import dev.clusca.bindings.blas.BlasException;
import dev.clusca.bindings.blas.LtHandle;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Who can multiply matrices on a GPU. */
enum GemmChoice implements GemmSource {
    OWN {
        @Override
        Probe probe() {
            return new Probe.Usable("clusca's own kernels");
        }

        @Override
        public List<String> families() {
            return Kernels.FAMILIES;
        }

        @Override
        public Gemm open(CudaQueue queue, Kernels kernels, Scratch scratch) {
            return new ProductKernels(queue, kernels, scratch);
        }
    },
    CUBLASLT {
        @Override
        Probe probe() {
            return probing(() -> "cuBLASLt " + LtHandle.version() + " of "
                    + CublasLtLibrary.gate().origin());
        }

        @Override
        MatrixLibrary library(CudaQueue queue, long workspace, long bytes) {
            return new CublasLtProduct(LtHandle.open(), queue.stream().handle(), workspace, bytes);
        }
    },
    JCUBLAS {
        @Override
        Probe probe() {
            return probing(() -> {
                JCudaClasses.requireCublas();
                JCudaBlas.load();
                return "JCublas with cuBLAS 12 of " + CublasLibrary.gate().origin();
            });
        }

        @Override
        MatrixLibrary library(CudaQueue queue, long workspace, long bytes) {
            JCudaClasses.requireCublas();
            return new JCublasProduct(new JCudaBlas(queue.stream().handle(), workspace, bytes));
        }
    };

    /** The system property that names the one for the backend {@code cuda}. */
    static final String PROPERTY = "clusca.cuda.gemm";

    /**
     * The one that {@value #PROPERTY} names; our own kernels where it is not set. A library is taken by itself only where a record in {@code bench/history} shows that it is faster, and there is none.
     *
     * @throws BackendException if it names none
     */
    static GemmChoice configured() {
        String named = System.getProperty(PROPERTY);
        if (named == null) {
            return OWN;
        }
        return named(named)
                .orElseThrow(() -> new BackendException("there is nobody called \"" + named
                        + "\" who multiplies matrices on a GPU; set -D" + PROPERTY + " to one of " + names()));
    }

    static Optional<GemmChoice> named(String label) {
        return Arrays.stream(values()).filter(c -> c.label().equals(label)).findFirst();
    }

    private static String names() {
        return Arrays.stream(values()).map(GemmChoice::label).collect(Collectors.joining(", "));
    }

    /** What the property and a variant call it. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether its library can be loaded, with a description of it. May load it; needs no GPU. */
    abstract Probe probe();

    @Override
    public String description() {
        return switch (probe()) {
            case Probe.Usable(String what) -> what;
            case Probe.Unusable(String cause, String _) -> label() + ", which is not usable: " + cause;
        };
    }

    @Override
    public List<String> families() {
        return LibraryGemm.FAMILIES;
    }

    @Override
    public Gemm open(CudaQueue queue, Kernels kernels, Scratch scratch) {
        long bytes = CublasLtProduct.WORKSPACE_BYTES;
        long workspace = scratch.kept(label(), DType.I32, Shape.of(bytes / DType.I32.bytes()))
                .address();
        try {
            return new LibraryGemm(library(queue, workspace, bytes), new EpilogueKernels(queue, kernels), scratch);
        } catch (NativeUnavailableException | BlasException e) {
            throw new BackendException(String.valueOf(e.getMessage()), e);
        }
    }

    /** The library on the queue's stream, with its own workspace. */
    MatrixLibrary library(CudaQueue queue, long workspace, long bytes) {
        throw new IllegalStateException(this + " is no library");
    }

    /** All of them, the one that the backend {@code cuda} takes, and why. */
    static Selection selection() {
        String asked = System.getProperty(PROPERTY);
        return new Selection(
                "matrix products",
                asked == null || named(asked).isEmpty() ? OWN.label() : asked,
                reason(asked),
                Arrays.stream(values())
                        .map(choice -> new Selection.Option(choice.label(), choice.probe()))
                        .toList());
    }

    private static String reason(@Nullable String asked) {
        if (asked != null) {
            return named(asked).isPresent()
                    ? "-D" + PROPERTY + "=" + asked + " says so"
                    : "-D" + PROPERTY + "=" + asked + " names none of " + names();
        }
        if (isEmulated()) {
            return "the GPU is emulated, which runs no kernels but those";
        }
        return "no measurement of cuBLASLt on this GPU is on record; -D" + PROPERTY + "=" + CUBLASLT.label()
                + " takes it all the same, and bench kernels compares";
    }

    private static boolean isEmulated() {
        try {
            return CudaLibrary.standIn().isPresent();
        } catch (NativeUnavailableException e) {
            // A switch of the emulator that means nothing: the probe of the backend says so.
            return false;
        }
    }

    private static Probe probing(Supplier<String> description) {
        try {
            return new Probe.Usable(description.get());
        } catch (NativeUnavailableException e) {
            return new Probe.Unusable(e.found() + "; expected " + e.expected(), e.remedy());
        }
    }
}
