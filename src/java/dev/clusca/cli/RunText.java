package dev.clusca.cli;

import dev.clusca.backend.Backend;
import dev.clusca.cache.CachePolicy;
import dev.clusca.pipeline.RunMetrics;

/** What a run of images tells people when it is done. */
final class RunText {
    private RunText() {}

    static void print(
            Session session, int images, CachePolicy policy, Backend backend, RunMetrics metrics, OutputFiles files) {
        session.printf(
                "%d image%s in %.2f s under %s%n",
                images, images == 1 ? "" : "s", metrics.totalMs() / 1000, policy.spec());
        session.printf("  on           %s%n", backend.description());
        metrics.fullStepMs().ifPresent(ms -> session.printf("  full step    %9.2f ms (median)%n", ms));
        metrics.cachedStepMs().ifPresent(ms -> session.printf("  cached step  %9.2f ms (median)%n", ms));
        files.print(session);
    }
}
