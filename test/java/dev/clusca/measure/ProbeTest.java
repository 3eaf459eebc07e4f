package dev.clusca.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.backend.Ops;
import dev.clusca.cli.verify.ForwardingBackend;
import dev.clusca.cli.verify.ForwardingOps;
import dev.clusca.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A probe of a device whose pulses and copies take what the test says. */
class ProbeTest {
    private static final int MOMENTS = 20;

    private static Backend reference;

    @BeforeAll
    static void open() {
        reference = Backends.require("reference", BackendOptions.DEFAULT);
    }

    @AfterAll
    static void close() {
        reference.close();
    }

    /** A clock that only pulses and copies move; microseconds. */
    private static final class Device extends ForwardingBackend {
        private long nanos = 1;
        private int pulsed;
        double pulse = 30;
        double firstPulse = 30;
        double copy = 200;
        boolean pulses = true;
        /** Every so many pulses one takes {@link #odd} instead; 0 for none. */
        int oddOnes;

        double odd;

        Device() {
            super(reference);
        }

        @Override
        public String name() {
            return "made-up";
        }

        @Override
        public boolean pulse() {
            if (pulses) {
                // Of two that follow each other the first wakes.
                boolean second = pulsed++ % 2 == 1;
                boolean isOdd = oddOnes > 0 && pulsed / 2 % oddOnes == 0;
                nanos += Math.round(1e3 * (second ? isOdd ? odd : pulse : firstPulse));
            }
            return pulses;
        }

        @Override
        public Mark mark() {
            return new Moment(nanos);
        }

        @Override
        public Ops ops() {
            return new ForwardingOps(reference.ops()) {
                @Override
                public void cast(Tensor source, Tensor target) {
                    nanos += Math.round(1e3 * copy);
                }
            };
        }

        DeviceSpeed speed(Probe probe, boolean memory) {
            List<Probe.Pending> moments =
                    Stream.generate(() -> probe.enqueue(mark())).limit(MOMENTS).toList();
            return probe.speed(moments, memory);
        }
    }

    private static void assertSpeed(DeviceSpeed speed, double micros, double slowed) {
        assertThat(speed.micros()).isCloseTo(micros, within(1e-6));
        assertThat(speed.slowed()).isCloseTo(slowed, within(1e-6));
    }

    @Test
    void aDeviceThatNobodyDisturbsIsNotSlowed() {
        Device device = new Device();
        try (Probe probe = new Probe(device)) {
            assertSpeed(device.speed(probe, false), 30, 0);
            assertSpeed(device.speed(probe, true), 200, 0);
        }
    }

    @Test
    void aPulseThatWakesThreadsDoesNotCount() {
        Device device = new Device();
        device.firstPulse = 5_000;
        try (Probe probe = new Probe(device)) {
            assertSpeed(device.speed(probe, false), 30, 0);
        }
    }

    @Test
    void computationIsSlowedWhereItIsDisturbedAndMemoryWithIt() {
        Device device = new Device();
        try (Probe probe = new Probe(device)) {
            device.pulse = 45;
            assertSpeed(device.speed(probe, false), 45, 0.5);
            assertSpeed(device.speed(probe, true), 200, 0.5);
            device.pulse = 30;
            device.copy = 250;
            assertSpeed(device.speed(probe, false), 30, 0);
            assertSpeed(device.speed(probe, true), 250, 0.25);
        }
    }

    /** The best is what the device reached in a tenth of the moments, and not what it reached in one of a hundred. */
    @Test
    void theBestIsSeldomAndNotAFluke() {
        Device device = new Device();
        device.pulse = 45;
        device.oddOnes = 10;
        device.odd = 30;
        try (Probe probe = new Probe(device)) {
            device.oddOnes = 0;
            assertSpeed(device.speed(probe, false), 45, 0.5);
        }
        device.oddOnes = 100;
        try (Probe probe = new Probe(device)) {
            device.oddOnes = 0;
            assertSpeed(device.speed(probe, false), 45, 0);
        }
    }

    @Test
    void aDeviceThatWasDisturbedWhenTheProbeWasMadeIsKnownBetterLater() {
        Device device = new Device();
        device.pulse = 45;
        device.copy = 300;
        try (Probe probe = new Probe(device)) {
            device.pulse = 30;
            device.copy = 200;
            assertSpeed(device.speed(probe, true), 200, 0);
            device.pulse = 45;
            device.copy = 300;
            assertSpeed(device.speed(probe, false), 45, 0.5);
            assertSpeed(device.speed(probe, true), 300, 0.5);
        }
    }

    @Test
    void oneDisturbedMomentMovesNothing() {
        Device device = new Device();
        try (Probe probe = new Probe(device)) {
            device.oddOnes = MOMENTS;
            device.odd = 1e6;
            assertSpeed(device.speed(probe, false), 30, 0);
        }
    }

    @Test
    void whatHasNoPulsesIsKnownByItsCopies() {
        Device device = new Device();
        device.pulses = false;
        try (Probe probe = new Probe(device)) {
            assertThat(device.speed(probe, false)).isEqualTo(DeviceSpeed.UNKNOWN);
            device.copy = 300;
            assertSpeed(device.speed(probe, true), 300, 0.5);
        }
    }
}
