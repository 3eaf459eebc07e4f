package dev.clusca.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.bindings.standin.DriverCalls;
import dev.clusca.bindings.standin.StandInDriver;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Which CUDA driver a process has is decided once, and early. */
class DriverChoiceTest {
    private final DriverChoice choice = new DriverChoice();

    /** A driver that is never called. */
    private record Unused(String name) implements StandInDriver {
        @Override
        public boolean isWanted() {
            return false;
        }

        @Override
        public DriverCalls calls() {
            throw new AssertionError("nobody opens the gate here");
        }

        @Override
        public Optional<String> lastFailure() {
            return Optional.empty();
        }
    }

    @Test
    void aStandInThatWasChosenStays() {
        Unused driver = new Unused("a");
        choice.choose(driver);
        choice.choose(driver);
        assertThat(choice.decide()).contains(driver);
        assertThatThrownBy(() -> choice.choose(new Unused("b")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("another stand-in driver");
    }

    /** The emulator is on the class path and its switches are off, so the machine's driver it is. */
    @Test
    void afterTheFirstLookItIsTooLate() {
        assertThat(choice.decide()).isEmpty();
        assertThatThrownBy(() -> choice.choose(new Unused("a")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("the machine's CUDA driver")
                .hasMessageContaining("CLUSCA_EMULATE=1");
    }
}
