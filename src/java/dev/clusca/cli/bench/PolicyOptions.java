package dev.clusca.cli.bench;

import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.ClusCa;
import dev.clusca.cli.Usage;
import dev.clusca.measure.ModelGrid;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options that say which policies a model is measured under. */
final class PolicyOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--policies",
            paramLabel = "LIST",
            split = ",",
            defaultValue = "fora,taylorseer,clusca",
            description = "Which policies. Default: ${DEFAULT-VALUE}.")
    private List<String> policies;

    @Option(
            names = "--intervals",
            paramLabel = "LIST",
            converter = NumberList.Converter.class,
            description = "Steps from one full step to the next, as in 3,5,7 or 3-9. Default: 3-9; for FLUX 3,5,7.")
    private @Nullable NumberList intervals;

    @Option(
            names = "--policy",
            paramLabel = "SPEC",
            converter = Usage.Policy.class,
            description =
                    "A policy as sample takes it, as clusca:full=4/9/14/20/30/40,order=1, in place of the grid that "
                            + "--policies and --intervals make; give it as often as there are policies.")
    private List<CachePolicy> chosen = List.of();

    @Option(
            names = "--order",
            paramLabel = "N",
            description = "Order of the series of TaylorSeer and ClusCa. Default: as published, 2; for FLUX 1.")
    private @Nullable Integer order;

    @Option(
            names = "--clusters",
            paramLabel = "N",
            defaultValue = "16",
            description = "Clusters of ClusCa. Default: ${DEFAULT-VALUE}.")
    private int clusters;

    @Option(
            names = "--gamma",
            paramLabel = "RATIO",
            defaultValue = "0.005",
            description = "Propagation ratio of ClusCa. Default: ${DEFAULT-VALUE}.")
    private float gamma;

    /**
     * The policies for so many images at once.
     *
     * @param published what ClusCa is for such a model
     * @param usual intervals, where none are given
     * @throws IllegalArgumentException if there is nothing to measure, or no such policy
     */
    ModelGrid grid(ClusCa published, List<Integer> usual, List<Integer> batches) {
        if (!chosen.isEmpty()) {
            refuseGrid();
            return ModelGrid.chosen(chosen, batches);
        }
        return ModelGrid.of(
                policies.stream()
                        .map(name -> name.strip().toLowerCase(Locale.ROOT))
                        .toList(),
                intervals == null ? usual : intervals.numbers(),
                batches,
                new ClusCa(
                        published.schedule(),
                        order == null ? published.order() : order,
                        clusters,
                        gamma,
                        published.firstEnhance(),
                        published.kMeans(),
                        published.ladder()));
    }

    private void refuseGrid() {
        List<String> ofGrid = Usage.given(spec, "--policies", "--intervals", "--order", "--clusters", "--gamma");
        if (!ofGrid.isEmpty()) {
            throw Usage.refuse(
                    spec,
                    String.join(", ", ofGrid) + (ofGrid.size() == 1 ? " belongs" : " belong")
                            + " to the grid, which --policy takes the place of; write it into each --policy, as in --policy clusca:interval=5,order=1");
        }
    }
}
