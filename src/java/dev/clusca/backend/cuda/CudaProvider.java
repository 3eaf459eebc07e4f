package dev.clusca.backend.cuda;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendException;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.BackendProvider;
import dev.clusca.backend.cuda.driver.CudaDriver;
import dev.clusca.backend.cuda.driver.CudaDrivers;
import dev.clusca.bindings.CudaLibrary;
import dev.clusca.bindings.NativeUnavailableException;
import dev.clusca.bindings.cuda.Cuda;
import java.util.List;

/** Offers the cuda backend where there is a driver and a GPU that the kernels run on. {@code CUDA_VISIBLE_DEVICES} chooses among several. */
public final class CudaProvider implements BackendProvider {
    /** The first device that the driver shows. */
    private static final int DEVICE = 0;
    /** Compute capability that the kernels are compiled for. */
    private static final int OLDEST_CAPABILITY = 80;

    private static final int EMULATED = 100;
    private static final int UNMEASURED = -10;

    @Override
    public String name() {
        return CudaBackend.NAME;
    }

    /** First where a GPU is emulated: whoever asks for that wants it used. Else last while no GPU has been measured with it. */
    @Override
    public int rank() {
        try {
            return CudaLibrary.standIn().isPresent() ? EMULATED : UNMEASURED;
        } catch (NativeUnavailableException e) {
            // A switch of the emulator that means nothing: the probe says so.
            return UNMEASURED;
        }
    }

    @Override
    public Probe probe() {
        try {
            CudaLibrary.gate().ensureAvailable();
            GemmChoice products = GemmChoice.configured();
            return switch (products.probe()) {
                case Probe.Usable(String library) -> probe(CudaDrivers.open(), library);
                case Probe.Unusable(String cause, String remedy) ->
                    new Probe.Unusable(
                            "-D" + GemmChoice.PROPERTY + "=" + products.label() + " asks for what cannot be used: "
                                    + cause,
                            remedy);
            };
        } catch (NativeUnavailableException e) {
            return new Probe.Unusable(e.found() + "; expected " + e.expected(), e.remedy());
        } catch (BackendException e) {
            return new Probe.Unusable(String.valueOf(e.getMessage()), "follow the advice above, or use --backend cpu");
        }
    }

    private static Probe probe(CudaDriver driver, String products) {
        if (driver.deviceCount() == 0) {
            return new Probe.Unusable(
                    "the CUDA driver shows no device; expected at least one",
                    "check nvidia-smi and CUDA_VISIBLE_DEVICES, or try --emulate");
        }
        int capability = 10 * driver.deviceAttribute(DEVICE, Cuda.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR())
                + driver.deviceAttribute(DEVICE, Cuda.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR());
        String name = driver.deviceName(DEVICE);
        if (capability < OLDEST_CAPABILITY) {
            return new Probe.Unusable(
                    name + " has compute capability " + capability / 10 + "." + capability % 10
                            + "; expected 8.0 or newer",
                    "use a GPU of the Ampere generation or newer, or --backend cpu");
        }
        return new Probe.Usable(
                name + " through " + driver.name() + ", products by " + products
                        + (CudaLibrary.standIn().isPresent()
                                ? ""
                                : "; proven on the emulator and not yet measured on a GPU, so auto takes another: choose it with --backend cuda"));
    }

    @Override
    public Backend open(BackendOptions options) {
        if (probe() instanceof Probe.Unusable(String cause, String remedy)) {
            throw new BackendException("the cuda backend is not usable here: " + cause + "; " + remedy);
        }
        return variant(options)
                .flatMap(CudaVariant::of)
                .map(v -> CudaBackend.open(CudaDrivers.open(), DEVICE, v))
                .orElseGet(() -> CudaBackend.open(CudaDrivers.open(), DEVICE));
    }

    /** Only where the backend itself can run. */
    @Override
    public List<Variant> variants() {
        return probe() instanceof Probe.Usable
                ? CudaVariant.beside(GemmChoice.configured()).stream()
                        .map(CudaVariant::variant)
                        .toList()
                : List.of();
    }

    @Override
    public List<Selection> selections() {
        return List.of(GemmChoice.selection());
    }
}
