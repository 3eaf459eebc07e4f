package dev.clusca.cli;

import dev.clusca.checkpoint.CheckpointException;
import dev.clusca.checkpoint.DiffusersPipeline;
import dev.clusca.checkpoint.FluxCheckpoint;
import dev.clusca.checkpoint.Json;
import dev.clusca.checkpoint.ModelSummary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code inspect}: what a checkpoint holds, and which model it is. */
@Command(
        name = "inspect",
        header = "Shows what a checkpoint holds, and which model it is.",
        description = {
            "",
            "Lists every tensor with its type and shape, the total size, and whether clusca can run the model or what is wrong "
                    + "with it. Of a diffusers pipeline's folder, each part.",
            ""
        },
        abbreviateSynopsis = true,
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  ./clusca inspect models/shapes-dit",
            "  ./clusca inspect DiT-XL-2-256             a folder with transformer/, vae/ and model_index.json",
            "  ./clusca inspect vae/diffusion_pytorch_model.safetensors --json"
        })
final class InspectCommand implements Callable<Integer> {
    private static final int SCHEMA = 1;

    private final Session session;

    @Mixin
    private OutputOptions output;

    @Parameters(
            paramLabel = "PATH",
            description = "A .safetensors file, an index of shards, a model's folder, or a pipeline's.")
    private Path path;

    InspectCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        List<ModelSummary> models = new ArrayList<>();
        Optional<String> pipeline = Optional.empty();
        if (Files.isDirectory(path) && !ModelSummary.isIn(path)) {
            for (Path part : parts()) {
                models.add(ModelSummary.of(part));
            }
            pipeline = Optional.of(pipeline());
        }
        if (models.isEmpty()) {
            models.add(ModelSummary.of(path));
            pipeline = Optional.empty();
        }
        if (output.json()) {
            session.print(Json.pretty(report(models, pipeline)));
        }
        if (output.text()) {
            models.forEach(this::print);
            pipeline.ifPresent(text -> session.printf("%s: %s%n", path, text));
        }
        return 0;
    }

    private List<Path> parts() throws IOException {
        try (Stream<Path> entries = Files.list(path)) {
            return entries.filter(ModelSummary::isIn).sorted().toList();
        }
    }

    /** What the parts are together. */
    private String pipeline() {
        try {
            if (DiffusersPipeline.isFlux(path)) {
                try (FluxCheckpoint model = FluxCheckpoint.open(path)) {
                    DiffusersPipeline.checkFluxSchedule(path, model.config());
                }
                return "a FLUX pipeline of diffusers; 'clusca flux' makes images with it";
            }
            return DiffusersPipeline.in(path)
                    .map(p -> "a DiT pipeline of diffusers"
                            + (p.autoencoder().isPresent() ? "" : " without vae/, so it makes no pictures")
                            + (p.labels().isEmpty()
                                    ? "; its classes have no names"
                                    : "; its " + p.labels().size() + " classes have names"))
                    .orElse("a folder of models");
        } catch (CheckpointException e) {
            return "cannot be sampled from: " + e.getMessage();
        }
    }

    private void print(ModelSummary model) {
        session.printf("%s%n", model.source());
        int widest =
                model.tensors().stream().mapToInt(t -> t.name().length()).max().orElse(0);
        for (ModelSummary.Entry tensor : model.tensors()) {
            session.printf(
                    "  %-" + Math.max(1, Math.min(widest, 80)) + "s  %-4s  %s%n",
                    tensor.name(),
                    tensor.dtype(),
                    tensor.shape());
        }
        session.printf(
                "  %d tensors, %,d parameters, %.1f MiB%n",
                model.tensors().size(), model.parameters(), model.bytes() / 1048576.0);
        session.printf("  it is %s%n", model.kind());
        session.printf(
                "  %s%n%n",
                model.problem()
                        .map(problem -> "clusca cannot run it: " + problem)
                        .orElse("clusca can run it"));
    }

    private Map<String, Object> report(List<ModelSummary> models, Optional<String> pipeline) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("schema", SCHEMA);
        report.put("path", path.toString());
        pipeline.ifPresent(text -> report.put("pipeline", text));
        report.put("models", models.stream().map(InspectCommand::report).toList());
        return report;
    }

    private static Map<String, Object> report(ModelSummary model) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("source", model.source());
        report.put("kind", model.kind());
        report.put("usable", model.problem().isEmpty());
        model.problem().ifPresent(problem -> report.put("problem", problem));
        report.put("bytes", model.bytes());
        report.put("parameters", model.parameters());
        report.put(
                "tensors",
                model.tensors().stream()
                        .map(t -> {
                            Map<String, Object> tensor = new LinkedHashMap<>();
                            tensor.put("name", t.name());
                            tensor.put("dtype", t.dtype());
                            List<Object> extents = new ArrayList<>();
                            for (long extent : t.shape().toArray()) {
                                extents.add(extent);
                            }
                            tensor.put("shape", extents);
                            return tensor;
                        })
                        .toList());
        return report;
    }
}
