package dev.clusca.cli;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.tensor.DType;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The options that say what to compute on, and in which type. */
public final class DeviceOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--backend",
            paramLabel = "NAME",
            defaultValue = "auto",
            description =
                    "Where to compute: auto, cpu, reference or cuda. Default: ${DEFAULT-VALUE}, the fastest that can run here.")
    private String backend;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            defaultValue = "f32",
            converter = ComputeType.class,
            description = "What the model multiplies in: f32 or bf16. Default: ${DEFAULT-VALUE}.")
    private DType dtype;

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "0",
            description = "Threads that compute. Default: 0, the backend chooses.")
    private int threads;

    /** The type that the model multiplies in. */
    public DType dtype() {
        return dtype;
    }

    /** Opens the backend that was asked for. */
    public Backend open() {
        BackendOptions options;
        try {
            options = new BackendOptions(threads);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        return Backends.open(backend.toLowerCase(Locale.ROOT), options);
    }

    /** Reads {@code f32} or {@code bf16}. */
    static final class ComputeType implements ITypeConverter<DType> {
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
