package dev.clusca;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs the tests of a class in a JVM of its own, since a process loads a native library for good. Prints a line for each test. */
public final class SuiteRunner {
    private static final String PASSED = "PASSED ";
    private static final String SKIPPED = "SKIPPED ";
    private static final String FAILED = "FAILED ";

    private SuiteRunner() {}

    /** @param args the name of the class */
    public static void main(String[] args) {
        LauncherFactory.create()
                .execute(
                        LauncherDiscoveryRequestBuilder.request()
                                .selectors(selectClass(args[0]))
                                .build(),
                        new TestExecutionListener() {
                            @Override
                            public void executionSkipped(TestIdentifier test, String reason) {
                                System.out.println(SKIPPED + test.getDisplayName() + " " + reason);
                            }

                            @Override
                            public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                                print(test, result);
                            }
                        });
    }

    /**
     * Asserts that a child process ran to its end and no test failed.
     *
     * @param tests that passed or were skipped
     */
    public static void assertThatAllPassed(ChildProcess.Result result, int tests) {
        assertThat(result.exit()).as(result.output()).isZero();
        assertThat(result.output()).doesNotContain(FAILED);
        List<String> passed = result.output()
                .lines()
                .filter(line -> line.startsWith(PASSED) || line.startsWith(SKIPPED))
                .toList();
        assertThat(passed).as(result.output()).hasSize(tests);
    }

    private static void print(TestIdentifier test, TestExecutionResult result) {
        if (result.getStatus() == TestExecutionResult.Status.ABORTED) {
            System.out.println(SKIPPED + test.getDisplayName() + " "
                    + result.getThrowable().map(Throwable::getMessage).orElse(""));
        } else if (result.getThrowable().isPresent()) {
            StringWriter trace = new StringWriter();
            result.getThrowable().get().printStackTrace(new PrintWriter(trace, true));
            System.out.println(FAILED + test.getDisplayName() + "\n" + trace);
        } else if (test.isTest()) {
            System.out.println(PASSED + test.getDisplayName());
        }
    }
}
