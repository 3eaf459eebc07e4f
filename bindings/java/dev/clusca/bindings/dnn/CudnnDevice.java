package dev.clusca.bindings.dnn;

import dev.clusca.bindings.NativeUnavailableException;
import dev.clusca.bindings.cudnn.Cudnn;

/** A GPU that cuDNN plans for and that need not be there. */
public final class CudnnDevice implements CudnnTarget, AutoCloseable {
    /** The first version that takes a description. */
    private static final long OLDEST = 90800;

    private final Descriptor properties;

    /**
     * @param description JSON, as cuDNN itself writes it: {@code {"deviceVer": 900, "multiProcessorCount": 132, ..}}
     * @throws NativeUnavailableException if cuDNN cannot be loaded, or is too old
     * @throws CudnnException if the description lacks something
     */
    public CudnnDevice(String description) {
        CudnnVersion.require("plans for a GPU that is only described", OLDEST);
        properties = new Descriptor(Cudnn.CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR(), "a described GPU");
        try {
            properties
                    .text(Cudnn.CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION(), description)
                    .seal();
        } catch (CudnnException e) {
            properties.close();
            throw e;
        }
    }

    Descriptor properties() {
        return properties;
    }

    @Override
    public void close() {
        properties.close();
    }
}
