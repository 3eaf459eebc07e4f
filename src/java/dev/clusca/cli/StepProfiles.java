package dev.clusca.cli;

import dev.clusca.backend.Backend;
import dev.clusca.cache.StepKind;
import dev.clusca.pipeline.RunMetrics;
import dev.clusca.pipeline.profile.Peaks;
import dev.clusca.pipeline.profile.Profile;
import dev.clusca.pipeline.profile.ProfileTable;
import dev.clusca.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Where the time of a run's last full and last cached step went: the ladders are at their full height then. */
final class StepProfiles {
    private StepProfiles() {}

    /** @param backend whose peaks are the denominators; not the one that the profile watches */
    static List<ProfileTable> of(Profile profile, RunMetrics metrics, Backend backend, DType dtype) {
        List<RunMetrics.StepTime> times = metrics.steps();
        Peaks peaks = Peaks.measure(backend, dtype);
        List<ProfileTable> tables = new ArrayList<>();
        for (StepKind kind : StepKind.values()) {
            IntStream.range(0, times.size())
                    .filter(i -> times.get(i).kind() == kind)
                    .max()
                    .ifPresent(step -> tables.add(new ProfileTable(
                            kind == StepKind.FULL ? "full step" : "cached step", profile.step(step), peaks)));
        }
        return tables;
    }
}
