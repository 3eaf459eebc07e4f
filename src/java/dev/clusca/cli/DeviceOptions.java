package dev.clusca.cli;

import dev.clusca.backend.Backend;
import dev.clusca.tensor.DType;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options that say what to compute on, and in which type. */
public final class DeviceOptions {
    @Mixin
    private BackendChoice backend;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            defaultValue = "f32",
            converter = ComputeType.class,
            description = "What the model multiplies in: f32 or bf16. Default: ${DEFAULT-VALUE}.")
    private DType dtype;

    /** The type that the model multiplies in. */
    public DType dtype() {
        return dtype;
    }

    /** Opens the backend that was asked for. */
    public Backend open() {
        return backend.open();
    }

    /** Reads {@code f32} or {@code bf16}. */
    public static final class ComputeType implements ITypeConverter<DType> {
        @Override
        public DType convert(String value) {
            return switch (value.toLowerCase(Locale.ROOT)) {
                case "f32" -> DType.F32;
                case "bf16" -> DType.BF16;
                default -> throw new TypeConversionException("'" + value + "' is not one of f32, bf16");
            };
        }
    }
}
