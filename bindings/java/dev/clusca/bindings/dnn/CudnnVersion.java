package dev.clusca.bindings.dnn;

import dev.clusca.bindings.CudnnLibrary;
import dev.clusca.bindings.NativeUnavailableException;
import java.util.Optional;

/** What needs a version of cuDNN newer than the gate asks for. */
final class CudnnVersion {
    private CudnnVersion() {}

    /** Why a version does not have a feature, or nothing if it has. */
    static Optional<NativeUnavailableException> refusal(String feature, long version, long oldest) {
        return version >= oldest
                ? Optional.empty()
                : Optional.of(new NativeUnavailableException(
                        feature + ": this is cuDNN " + CudnnLibrary.spelled(version),
                        "cuDNN " + CudnnLibrary.spelled(oldest) + " or newer",
                        "install a newer cuDNN (or: pip install --upgrade nvidia-cudnn-cu13)",
                        null));
    }

    /** @throws NativeUnavailableException if cuDNN cannot be loaded, or is older */
    static void require(String feature, long oldest) {
        refusal(feature, CudnnLibrary.version(), oldest).ifPresent(refusal -> {
            throw refusal;
        });
    }
}
