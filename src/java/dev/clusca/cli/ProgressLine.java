package dev.clusca.cli;

import dev.clusca.cache.StepKind;
import dev.clusca.pipeline.Progress;
import java.util.Locale;
import java.util.OptionalDouble;

/** One line on a terminal that follows a run, and is gone when the run ends. */
public final class ProgressLine implements Progress, AutoCloseable {
    private static final String CLEAR = "\r\u001b[K";

    /** Between these a narrow terminal cuts the line: wrapped, it would leave a piece of itself at every step. */
    private static final String CUT = "\u001b[?7l";

    private static final String WRAP = "\u001b[?7h";

    private static final long REDRAW_NANOS = 100_000_000;

    private final Session session;
    private final String label;
    private final boolean visible;
    private final long began = System.nanoTime();
    private long drawn = began - REDRAW_NANOS;

    /** Shown on a terminal; nothing in a pipe, on a build server, or when quiet. */
    public ProgressLine(Session session, boolean quiet, String label) {
        this.session = session;
        this.label = label;
        this.visible = session.isTerminal() && !quiet;
    }

    @Override
    public void step(int done, int of, StepKind kind, double ms) {
        long now = System.nanoTime();
        if (!visible || (now - drawn < REDRAW_NANOS && done < of)) {
            return;
        }
        drawn = now;
        double left = (now - began) * 1e-9 / done * (of - done);
        String text = String.format(
                Locale.ROOT,
                "%s: step %d of %d, %s %.0f ms, %.0f s left",
                label,
                done,
                of,
                kind.name().toLowerCase(Locale.ROOT),
                ms,
                left);
        session.complain(CLEAR + CUT + text + WRAP);
    }

    /** What a label says of all that is to come, as a person does: in seconds, minutes, or hours; nothing where it is not known yet. */
    public static String toGo(OptionalDouble seconds) {
        return seconds.isPresent() ? ", about " + duration(seconds.getAsDouble()) + " to go" : "";
    }

    private static String duration(double seconds) {
        double minutes = seconds / 60;
        return seconds < 90
                ? Math.round(seconds) + " s"
                : minutes < 90 ? Math.round(minutes) + " min" : Math.round(minutes / 60) + " h";
    }

    /** Clears the line. */
    @Override
    public void close() {
        if (visible) {
            session.complain(CLEAR);
        }
    }
}
