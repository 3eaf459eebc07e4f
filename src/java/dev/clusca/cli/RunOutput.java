package dev.clusca.cli;

import dev.clusca.backend.Backend;
import dev.clusca.cache.CachePolicy;
import dev.clusca.pipeline.Report;
import dev.clusca.pipeline.RunMetrics;
import dev.clusca.pipeline.profile.Profile;
import dev.clusca.pipeline.profile.ProfileTable;
import dev.clusca.tensor.DType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Tells of a run of images when it is done: text, JSON, the report's file, and where the time of its steps went, each where it was asked for. */
final class RunOutput {
    private final Session session;
    private final OutputOptions output;
    private final RunOptions asked;
    private final Backend backend;
    private final DType dtype;
    private final @Nullable Profile profile;

    /** @param backend where the run is about to begin */
    RunOutput(Session session, OutputOptions output, RunOptions asked, Backend backend, DType dtype) {
        this.session = session;
        this.output = output;
        this.asked = asked;
        this.backend = backend;
        this.dtype = dtype;
        profile = asked.profiled() ? new Profile(backend) : null;
    }

    /** The backend that the model must be loaded on to be seen. */
    Backend backend() {
        return profile == null ? backend : profile.backend();
    }

    /** @param files what was written; the report is among them */
    void tell(Report report, int images, CachePolicy policy, RunMetrics metrics, OutputFiles files) throws IOException {
        List<ProfileTable> profiles = profile == null ? List.of() : StepProfiles.of(profile, metrics, backend, dtype);
        Report whole = profiles.isEmpty() ? report : report.with(profiles);
        Path file = asked.report();
        if (file != null) {
            whole.write(file);
        }
        if (output.json()) {
            session.print(whole.json());
        }
        if (output.text()) {
            session.printf(
                    "%d image%s in %.2f s under %s%n",
                    images, images == 1 ? "" : "s", metrics.totalMs() / 1000, policy.spec());
            session.printf("  on           %s%n", backend.description());
            metrics.fullStepMs().ifPresent(ms -> session.printf("  full step    %9.2f ms (median)%n", ms));
            metrics.cachedStepMs().ifPresent(ms -> session.printf("  cached step  %9.2f ms (median)%n", ms));
            files.print(session);
            profiles.forEach(table -> session.printf("%n%s", table.text()));
        }
    }
}
