package dev.clusca.backend.cuda;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs {@link DriverSuite} in a JVM of its own, since a process has one CUDA driver for good. Prints a line for each test. */
final class SuiteRunner {
    static final String PASSED = "PASSED ";
    static final String SKIPPED = "SKIPPED ";
    static final String FAILED = "FAILED ";

    private SuiteRunner() {}

    public static void main(String[] args) {
        LauncherFactory.create()
                .execute(
                        LauncherDiscoveryRequestBuilder.request()
                                .selectors(selectClass(DriverSuite.class))
                                .build(),
                        new TestExecutionListener() {
                            @Override
                            public void executionSkipped(TestIdentifier test, String reason) {
                                System.out.println(SKIPPED + test.getDisplayName());
                            }

                            @Override
                            public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                                print(test, result);
                            }
                        });
    }

    private static void print(TestIdentifier test, TestExecutionResult result) {
        if (result.getThrowable().isPresent()) {
            StringWriter trace = new StringWriter();
            result.getThrowable().get().printStackTrace(new PrintWriter(trace, true));
            System.out.println(FAILED + test.getDisplayName() + "\n" + trace);
        } else if (test.isTest()) {
            System.out.println(PASSED + test.getDisplayName());
        }
    }
}
