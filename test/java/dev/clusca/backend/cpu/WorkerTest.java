package dev.clusca.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.backend.BackendException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The thread must outlive whatever its work throws: who waits for it would wait for ever. */
@Timeout(value = 30, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WorkerTest {
    private final Worker worker = new Worker();

    private static final class Mute extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final transient Throwable instead;

        Mute(Throwable instead) {
            this.instead = instead;
        }

        @Override
        public String getMessage() {
            throw WorkerTest.<RuntimeException>any(instead);
        }
    }

    /** Checked or not, as nothing looks at what native handles and other languages throw. */
    @SuppressWarnings("unchecked")
    private static <T extends Throwable> T any(Throwable thrown) throws T {
        throw (T) thrown;
    }

    static Stream<Throwable> insteadOfAMessage() {
        return Stream.of(new IllegalStateException("no message"), new OutOfMemoryError("no space for a message"));
    }

    @ParameterizedTest
    @MethodSource("insteadOfAMessage")
    void keepsAFailureWhoseMessageCannotBeHad(Throwable instead) {
        Mute failure = new Mute(instead);
        worker.submit("fail", () -> {
            throw failure;
        });

        assertThatThrownBy(() -> worker.mark().await())
                .isInstanceOf(BackendException.class)
                .hasMessage(
                        "an operation failed on the cpu backend, and so did noting why; the backend cannot go on, open another")
                .extracting(Throwable::getCause)
                .matches(cause -> cause == failure);
        assertThatThrownBy(worker::mark).isInstanceOf(BackendException.class);
        assertCloses();
    }

    @Test
    void keepsAFailureThatNobodyDeclared() {
        worker.submit("fail", () -> {
            throw WorkerTest.<RuntimeException>any(new Exception("undeclared"));
        });

        assertThatThrownBy(() -> worker.mark().await())
                .isInstanceOf(BackendException.class)
                .hasMessageStartingWith("the operation fail failed on the cpu backend: undeclared; ");
        assertCloses();
    }

    private void assertCloses() {
        AtomicBoolean last = new AtomicBoolean();
        worker.close(() -> last.set(true));
        assertThat(last).isTrue();
    }
}
