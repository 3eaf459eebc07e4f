package dev.clusca.checkpoint;

import dev.clusca.tensor.Shape;

/** Checks that a checkpoint holds the DiT that a configuration describes. */
final class DitCheck {
    private final Checkpoint weights;
    private final TensorAudit audit;

    private DitCheck(Checkpoint weights, boolean values) {
        this.weights = weights;
        this.audit = new TensorAudit(weights, values);
    }

    /** Of names, shapes and types. */
    static void structure(Checkpoint weights, DitConfig config, DitNaming naming) {
        TensorAudit.structure(values -> run(weights, config, naming, values));
    }

    /** Of everything, which reads every tensor. */
    static void values(Checkpoint weights, DitConfig config, DitNaming naming) {
        run(weights, config, naming, true);
    }

    private static void run(Checkpoint weights, DitConfig config, DitNaming naming, boolean values) {
        DitCheck check = new DitCheck(weights, values);
        DitTensors.of(config).forEach((name, shape) -> check.source(naming.source(name, config.depth()), shape));
        if (weights.names().contains(naming.positions())) {
            check.audit.tensor(naming.positions(), DitTensors.positions(config));
        }
        check.audit.report(
                weights.source() + " is not the DiT that its configuration describes (names as in "
                        + (naming.style() == DitNaming.Style.OFFICIAL ? "the official code" : "diffusers")
                        + (naming.prefix().isEmpty() ? "" : " behind " + CheckpointException.quote(naming.prefix()))
                        + ")",
                _ -> false);
    }

    private void source(DitNaming.Source source, Shape whole) {
        int parts = source.parts().size();
        Shape each = whole.withOuter(whole.dim(0) / parts);
        boolean good = true;
        for (String part : source.parts()) {
            good &= audit.tensor(part, each);
        }
        for (String copy : source.copies()) {
            if (audit.tensor(copy, each) && good) {
                audit.equal(source.parts().getFirst(), copy);
            }
        }
        if (good
                && source.parts().stream()
                                .map(part -> weights.tensor(part).dtype())
                                .distinct()
                                .count()
                        > 1) {
            audit.wrongType(source.parts() + " have different dtypes");
        }
    }
}
