package dev.clusca.pipeline;

import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.StepKind;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A Flight Recorder event for one sampling step. */
@Name("dev.clusca.Step")
@Label("Sampling Step")
@Category("clusca")
@Description("One sampling step of a batch, reported when it has ended")
@StackTrace(false)
public final class StepEvent extends jdk.jfr.Event {
    @Label("Step")
    @Description("The sampler's index; DiT counts down to 0")
    public int step;

    @Label("Kind")
    public String kind = "";

    @Label("Policy")
    public String policy = "";

    @Label("Device Time")
    @Description("Milliseconds on the device")
    public double ms;

    /** Reports a step that has ended, where somebody records. */
    static void commit(RunMetrics.StepTime time, CachePolicy policy) {
        StepEvent event = new StepEvent();
        if (event.shouldCommit()) {
            event.step = time.step();
            event.kind = time.kind() == StepKind.FULL ? "full" : "cached";
            event.policy = policy.spec();
            event.ms = time.ms();
            event.commit();
        }
    }
}
