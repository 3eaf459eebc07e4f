package dev.clusca.emulator.machine;

import dev.clusca.emulator.report.Dim3;
import dev.clusca.emulator.report.Fault;
import dev.clusca.emulator.report.FaultKind;

/** Ends a launch; carries the report. */
final class LaunchFault extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient Fault fault;

    LaunchFault(Warp warp, int lane, FaultKind kind, String detail) {
        super(detail, null, false, false);
        Launch launch = warp.worker().launch();
        Program.Step step = warp.worker().program().steps()[warp.current()];
        Dim3 thread = launch.blockSize().coordinates((long) warp.index() * Warp.LANES + lane);
        fault = new Fault(
                kind,
                launch.program().entry().name(),
                step.line(),
                step.text(),
                warp.block().coordinates(),
                thread,
                detail);
    }

    Fault fault() {
        return fault;
    }
}
