package dev.clusca.backend;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A Flight Recorder event for one operation as it ran on a CPU backend. */
@Name("dev.clusca.Operation")
@Label("Operation")
@Category("clusca")
@Description("One operation of a model, from its start to its end")
@StackTrace(false)
public final class OperationEvent extends jdk.jfr.Event {
    @Label("Backend")
    public String backend = "";

    @Label("Operation")
    public String operation = "";
}
