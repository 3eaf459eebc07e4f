package dev.clusca.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Ops;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class NaiveOpsTest {
    /** A benchmark takes them as baselines: an operation that is left out would be measured beside itself. */
    @Test
    void itTellsWhichOperationsItOverrides() {
        Set<String> all =
                Arrays.stream(Ops.class.getMethods()).map(Method::getName).collect(Collectors.toSet());
        assertThat(Arrays.stream(NaiveOps.class.getDeclaredMethods())
                        .map(Method::getName)
                        .filter(all::contains)
                        .collect(Collectors.toSet()))
                .isEqualTo(NaiveOps.OPERATIONS);
    }
}
