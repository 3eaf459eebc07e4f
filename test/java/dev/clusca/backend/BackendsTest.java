package dev.clusca.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Backends and their variants by name. */
class BackendsTest {
    /** A backend that computes in three ways, and opens nothing. */
    private static final BackendProvider LADDER = new BackendProvider() {
        @Override
        public String name() {
            return "ladder";
        }

        @Override
        public int rank() {
            return 0;
        }

        @Override
        public Probe probe() {
            return new Probe.Usable("steps");
        }

        @Override
        public Backend open(BackendOptions options) {
            throw new BackendException("opens nothing");
        }

        @Override
        public List<Variant> variants() {
            return List.of(
                    new Variant("naive", "loops", Set.of("gemm")),
                    new Variant("tiled", "loops in tiles", Set.of("gemm")));
        }
    };

    @Test
    void aNameHasAVariantBehindItsColon() {
        assertThat(BackendName.of("cuda")).isEqualTo(new BackendName("cuda", null));
        assertThat(BackendName.of("cuda:naive")).isEqualTo(new BackendName("cuda", "naive"));
        for (String name : List.of("cuda", "cuda:naive", "cuda:", ":naive", "cuda:a:b")) {
            assertThat(BackendName.of(name)).hasToString(name);
        }
    }

    @Test
    void optionsNameAVariantOrNone() {
        assertThat(LADDER.variant(BackendOptions.DEFAULT)).isEmpty();
        assertThat(LADDER.variant(new BackendOptions(2).withVariant("tiled")))
                .hasValueSatisfying(v -> assertThat(v.what()).isEqualTo("loops in tiles"));
        assertThat(new BackendOptions(2).withVariant("tiled").threads()).isEqualTo(2);
    }

    @Test
    void anUnknownVariantIsAnsweredWithThoseThereAre() {
        assertThatThrownBy(() -> LADDER.variant(BackendOptions.DEFAULT.withVariant("fast")))
                .isInstanceOf(BackendException.class)
                .hasMessage(
                        "the backend ladder has no variant 'fast' on this machine; it has ladder:naive (loops), ladder:tiled (loops in tiles)");
        assertThatThrownBy(() -> Backends.open("reference:fast"))
                .isInstanceOf(BackendException.class)
                .hasMessage("the backend reference has no variant 'fast' on this machine; it has none");
        assertThatThrownBy(() -> Backends.require("reference", BackendOptions.DEFAULT.withVariant("fast")))
                .hasMessageContaining("no variant 'fast'");
        assertThatThrownBy(() -> Backends.open("reference:")).hasMessageContaining("no variant ''");
    }

    @Test
    void anUnknownBackendStaysUnknownWithAVariant() {
        assertThatThrownBy(() -> Backends.open("abacus:wooden"))
                .isInstanceOf(BackendException.class)
                .hasMessageStartingWith("there is no backend named 'abacus'; there are auto, ");
    }

    @Test
    void autoTakesNoVariant() {
        assertThatThrownBy(() -> Backends.open("auto:naive"))
                .isInstanceOf(BackendException.class)
                .hasMessage("auto takes no variant; name the backend that has it, as in cuda:naive");
        assertThatThrownBy(() -> Backends.open("auto", BackendOptions.DEFAULT.withVariant("naive")))
                .hasMessageStartingWith("auto takes no variant");
        try (Backend chosen = Backends.open("auto")) {
            assertThat(BackendName.of(chosen.name()).variant()).isNull();
        }
    }

    @Test
    void everyVariantOpensUnderItsName() {
        for (Backends.Candidate c : Backends.discover()) {
            List<BackendProvider.Variant> variants = c.provider().variants();
            assertThat(variants)
                    .extracting(BackendProvider.Variant::name)
                    .doesNotHaveDuplicates()
                    .allMatch(name -> name.matches("[a-z0-9]+"));
            for (BackendProvider.Variant v : variants) {
                String name = new BackendName(c.provider().name(), v.name()).toString();
                try (Backend backend = Backends.require(name, new BackendOptions(1))) {
                    assertThat(backend.name()).isEqualTo(name);
                }
            }
        }
    }
}
