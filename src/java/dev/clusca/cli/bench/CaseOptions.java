package dev.clusca.cli.bench;

import dev.clusca.cases.ModelCases;
import dev.clusca.cases.ModelShape;
import dev.clusca.cases.OpCase;
import dev.clusca.cli.DeviceOptions;
import dev.clusca.cli.Usage;
import dev.clusca.tensor.DType;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The options that say which operations, at which sizes. */
final class CaseOptions {
    private static final int MOST_IMAGES = 4096;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "REGEX",
            description = "Only cases whose name the expression is found in: '^gemm' or '^prefixPass/'. Default: all.")
    private @Nullable Pattern only;

    @Option(
            names = "--shapes",
            paramLabel = "SPEC",
            defaultValue = "dit-xl/2",
            description =
                    "The model whose sizes are taken: a published one, as dit-b/2 or dit-xl/2@512 (pixels), a folder, or extents, as grid=16,width=1152,heads=16. Default: ${DEFAULT-VALUE}.")
    private String shapes;

    @Option(
            names = "--dtype",
            paramLabel = "LIST",
            defaultValue = "f32",
            converter = Types.Converter.class,
            description = "What is multiplied in: f32, bf16, or f32,bf16. Default: ${DEFAULT-VALUE}.")
    private Types types;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "1",
            description = "Images at once; with guidance each has two rows. Default: ${DEFAULT-VALUE}.")
    private int batch;

    /** The cases; wrong usage if there are none. */
    List<OpCase> cases() {
        if (batch < 1 || batch > MOST_IMAGES) {
            throw Usage.refuse(spec, "--batch is " + batch + ", expected 1 to " + MOST_IMAGES);
        }
        ModelShape shape = Usage.of(spec, () -> ModelShape.parse(shapes));
        // Operations that multiply nothing are the same in both types.
        Set<String> names = new HashSet<>();
        List<OpCase> all = types.list.stream()
                .flatMap(dtype -> ModelCases.of(shape, dtype, batch).stream())
                .filter(c -> names.add(c.name()))
                .toList();
        List<OpCase> selected = all.stream()
                .filter(c -> only == null || only.matcher(c.name()).find())
                .toList();
        if (selected.isEmpty()) {
            throw Usage.refuse(
                    spec, "no case has a name in which '" + only + "' is found; './clusca bench list' shows the names");
        }
        return selected;
    }

    /** Types in the order given. */
    record Types(List<DType> list) {
        /** Reads {@code f32,bf16}. */
        static final class Converter implements ITypeConverter<Types> {
            @Override
            public Types convert(String text) {
                return new Types(Arrays.stream(text.split(",", -1))
                        .map(name -> new DeviceOptions.ComputeType().convert(name.strip()))
                        .distinct()
                        .toList());
            }
        }
    }
}
