package dev.clusca.cli.verify;

import dev.clusca.cases.Case;
import dev.clusca.checkpoint.DitCheckpoint;
import dev.clusca.checkpoint.DitConfig;
import dev.clusca.checkpoint.FileFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The golden sets of a folder, each as its cases. Sizes, steps, policies and names come from the files; what the folder holds and clusca cannot run is skipped with the
 * reason, and what should run and cannot be read fails with the cause.
 *
 * <ul>
 *   <li>{@code dit/}: weights under official names, a forward pass, diffusion tables and updates, k-means, sampling runs
 *   <li>{@code flux/}: FLUX under official names, a forward pass, sampling runs
 *   <li>{@code dit-diffusers/}: a model under diffusers' names and a forward pass
 *   <li>{@code vae/}: an autoencoder under diffusers' names and a decoding
 *   <li>{@code NAME.safetensors}: sampling runs of the trained model {@code models/NAME} of the installation
 * </ul>
 */
final class GoldenSets {
    /** The name of the case that stands for the folder itself. */
    static final String FOLDER = "golden";

    private static final String SUFFIX = ".safetensors";
    private static final String UNKNOWN = "clusca does not know golden data of this name";

    private GoldenSets() {}

    static List<Case> cases(Path folder, GoldenContext context) {
        List<Case> cases = new ArrayList<>();
        try {
            boolean known = false;
            for (Path entry : entries(folder)) {
                String name = String.valueOf(entry.getFileName());
                if (name.equals("dit")) {
                    dit(entry, context, cases);
                } else if (name.equals("flux")) {
                    flux(entry, context, cases);
                } else if (name.equals("dit-diffusers")) {
                    diffusers(entry, context, cases);
                } else if (name.equals("vae")) {
                    guarded(name, cases, set -> VaeSet.cases(set, entry, context));
                } else if (name.endsWith(SUFFIX)) {
                    trained(entry, name.substring(0, name.length() - SUFFIX.length()), context, cases);
                } else {
                    cases.add(GoldenCase.skipped(name, UNKNOWN));
                    continue;
                }
                known = true;
            }
            if (!known) {
                cases.clear();
                cases.add(
                        GoldenCase.failed(
                                FOLDER,
                                "the golden folder " + folder
                                        + " holds no golden set; it should hold dit/, dit-diffusers/, flux/, vae/ or NAME.safetensors"));
            }
        } catch (IOException e) {
            cases.add(GoldenCase.failed(
                    FOLDER, "the golden folder " + folder + " cannot be read: " + FileFailure.reason(e)));
        }
        return cases;
    }

    private static void dit(Path folder, GoldenContext context, List<Case> cases) throws IOException {
        Path forward = folder.resolve("dit-forward.safetensors");
        Path weights = folder.resolve("dit-weights.safetensors");
        Function<GoldenFile, DitCheckpoint> model = golden -> DitCheckpoint.openAs(weights, config(golden, forward));
        Map<String, Function<Path, Function<String, List<Case>>>> sets = Map.of(
                "dit-forward", file -> name -> ForwardSet.cases(name, file, model, true, context),
                "diffusion", file -> name -> DiffusionSet.cases(name, file, context),
                "kmeans", file -> name -> KMeansSet.cases(name, file, context),
                "trajectories", file -> name -> TrajectorySet.cases(name, file, model, context));
        sets("dit", folder, weights, sets, cases);
    }

    private static void flux(Path folder, GoldenContext context, List<Case> cases) throws IOException {
        Path forward = folder.resolve("flux-forward.safetensors");
        Path weights = folder.resolve("flux-weights.safetensors");
        Map<String, Function<Path, Function<String, List<Case>>>> sets = Map.of(
                "flux-forward", file -> name -> FluxSet.cases(name, file, weights, context),
                "flux-trajectories", file -> name -> FluxTrajectorySet.cases(name, file, forward, weights, context));
        sets("flux", folder, weights, sets, cases);
    }

    /** The cases of a folder whose sets share weights; a set that is missing, and a file that is none, are skipped with the reason. */
    private static void sets(
            String folderName,
            Path folder,
            Path weights,
            Map<String, Function<Path, Function<String, List<Case>>>> sets,
            List<Case> cases)
            throws IOException {
        List<Path> entries = entries(folder);
        if (entries.isEmpty()) {
            cases.add(GoldenCase.failed(folderName, "the golden folder " + folder + " is empty"));
            return;
        }
        for (Map.Entry<String, Function<Path, Function<String, List<Case>>>> set : new TreeMap<>(sets).entrySet()) {
            String name = folderName + "/" + set.getKey();
            Path file = folder.resolve(set.getKey() + SUFFIX);
            if (entries.contains(file)) {
                guarded(name, cases, set.getValue().apply(file));
            } else {
                cases.add(GoldenCase.skipped(name, file + " is not there"));
            }
        }
        for (Path entry : entries) {
            String name = String.valueOf(entry.getFileName()).replace(SUFFIX, "");
            if (!sets.containsKey(name) && !entry.equals(weights)) {
                cases.add(GoldenCase.skipped(folderName + "/" + name, UNKNOWN));
            }
        }
    }

    private static void diffusers(Path folder, GoldenContext context, List<Case> cases) {
        Path file = folder.resolve("forward" + SUFFIX);
        guarded(
                "dit-diffusers",
                cases,
                name -> ForwardSet.cases(
                        name, file, golden -> DitCheckpoint.open(folder.resolve("transformer")), false, context));
    }

    private static void trained(Path file, String model, GoldenContext context, List<Case> cases) {
        if (context.home() == null) {
            cases.add(GoldenCase.failed(
                    model,
                    "where clusca is installed is not known, so models/" + model
                            + " cannot be found; start with ./clusca, or pass -Dclusca.home=DIR"));
            return;
        }
        Path weights = context.home().resolve("models").resolve(model);
        guarded(model, cases, name -> TrajectorySet.cases(name, file, golden -> DitCheckpoint.open(weights), context));
    }

    /** The architecture of {@code dit-weights}: in the metadata of the file itself, or of the forward pass beside it. */
    private static DitConfig config(GoldenFile golden, Path forward) {
        if (golden.setting("hidden_size").isPresent()) {
            return DitConfig.fromMetadata(golden.settings(), golden.source());
        }
        try (GoldenFile other = GoldenFile.open(forward)) {
            return DitConfig.fromMetadata(other.settings(), other.source());
        }
    }

    /** A set whose file cannot even be opened is one failed case. */
    private static void guarded(String name, List<Case> cases, Function<String, List<Case>> set) {
        try {
            cases.addAll(set.apply(name));
        } catch (RuntimeException e) {
            cases.add(GoldenCase.failed(name, Verification.cause(e)));
        }
    }

    /** What a folder holds, in order, but for hidden files and READMEs. */
    private static List<Path> entries(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(e -> {
                        String name = String.valueOf(e.getFileName());
                        return !name.startsWith(".") && !name.startsWith("README");
                    })
                    .sorted()
                    .toList();
        }
    }
}
