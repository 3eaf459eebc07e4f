package dev.clusca.measure;

import dev.clusca.backend.Backend;
import dev.clusca.backend.KernelUse;
import dev.clusca.backend.WorkArena;
import dev.clusca.cases.OpCase;
import dev.clusca.cases.OpRun;
import dev.clusca.cases.Oracle;
import dev.clusca.cases.Verdict;
import dev.clusca.emulator.driver.EmulatedDriver;
import dev.clusca.emulator.report.LaunchReport;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Counts what operations cost on an emulated GPU. Nothing is timed, so that it says the same on every machine; results are checked as in a measurement. */
public final class StaticBenchmark {
    private final Backend backend;
    private final Backend reference;
    private final EmulatedDriver driver;
    private final GpuModel gpu;

    /**
     * @param backend that computes on the driver
     * @param driver its launches are listened to from now on
     * @param gpu whose bounds are computed
     */
    public StaticBenchmark(Backend backend, Backend reference, EmulatedDriver driver, GpuModel gpu) {
        this.backend = backend;
        this.reference = reference;
        this.driver = driver;
        this.gpu = gpu;
    }

    /**
     * Counts one operation.
     *
     * @throws dev.clusca.backend.OperationMissingException if the backend does not have it
     */
    public StaticResult run(OpCase c) {
        Oracle oracle = new Oracle(c, reference, KernelBenchmark.SEED, false);
        // Launches are reported by the thread that ran them.
        List<LaunchReport> launches = Collections.synchronizedList(new ArrayList<>());
        List<String> failures;
        Map<String, KernelUse> uses;
        try (WorkArena work = new WorkArena(backend)) {
            OpRun run = OpRun.prepare(backend, work.arena(), c, oracle.inputs(), true);
            backend.synchronize();
            driver.onLaunch(launches::add);
            try {
                run.enqueue();
                failures = oracle.check(run.result()) instanceof Verdict.Failed failed ? failed.reasons() : List.of();
            } finally {
                driver.onLaunch(_ -> {});
            }
            try (Backend.Recording recording = backend.record(run::enqueue)) {
                uses = recording.kernels().stream()
                        .collect(Collectors.toMap(KernelUse::name, Function.identity(), (a, b) -> a));
            }
        }
        return new StaticResult(
                c.op(),
                c.name(),
                c.multipliedIn().label(),
                c.cost(),
                gpu,
                List.copyOf(launches).stream()
                        .map(report -> launch(report, uses))
                        .toList(),
                failures);
    }

    private LaunchCost launch(LaunchReport report, Map<String, KernelUse> uses) {
        KernelUse use = uses.getOrDefault(report.kernel(), new KernelUse(report.kernel(), Map.of(), 0));
        return new LaunchCost(report, use.registers().getOrDefault(gpu.architecture(), 0), use.sharedBytes());
    }
}
