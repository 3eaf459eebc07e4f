package dev.clusca.pipeline;

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
}
