package dev.clusca.backend.cuda.driver;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.backend.BackendException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What JCuda is refused on. */
class JCudaJvmTest {
    @ParameterizedTest
    @ValueSource(strings = {"25", "25.0.1+8", "25.0.2"})
    void jvmsThatMovePinnedArraysAreRefused(String version) {
        assertThatThrownBy(() -> JCudaJvm.require(Runtime.Version.parse(version), List.of()))
                .isInstanceOf(BackendException.class)
                .hasMessageContaining("JDK " + version)
                .hasMessageContaining("JDK-8377811")
                .hasMessageEndingWith("or use the FFM provider with -Dclusca.cuda.driver=ffm");
    }

    @ParameterizedTest
    @ValueSource(strings = {"25.0.3", "25.0.3+9-LTS", "25.0.4", "26", "26-ea+1"})
    void laterOnesAreNot(String version) {
        assertThatCode(() -> JCudaJvm.require(Runtime.Version.parse(version), List.of("-Xmx1g")))
                .doesNotThrowAnyException();
    }

    @Test
    void checkedJniIsRefused() {
        assertThatThrownBy(() -> JCudaJvm.require(Runtime.Version.parse("25.0.3"), List.of("-Xcheck:jni")))
                .isInstanceOf(BackendException.class)
                .hasMessageContaining("-Xcheck:jni")
                .hasMessageContaining("remove the flag");
    }
}
