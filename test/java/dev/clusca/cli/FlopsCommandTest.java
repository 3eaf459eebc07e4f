package dev.clusca.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.cache.Flops;
import dev.clusca.cache.Fora;
import dev.clusca.checkpoint.Json;
import dev.clusca.checkpoint.RandomFlux;
import dev.clusca.model.flux.TinyFlux;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FlopsCommandTest {
    /** The digits of the published tables for DiT-XL/2. */
    @ParameterizedTest
    @CsvSource({
        "clusca:interval=5;clusters=16, 5.98 T, 3.97x",
        "taylorseer:interval=3, 8.56 T, 2.77x",
        "taylorseer:interval=4, 6.66 T, 3.56x",
        "taylorseer:interval=5, 5.24 T, 4.53x"
    })
    void printsThePublishedNumbers(String policy, String total, String speedup) {
        Outcome flops = Outcome.of("flops", "--model", "dit-xl/2", "--policy", policy.replace(';', ','))
                .assertDone();

        assertThat(flops.out())
                .containsPattern("11 full \\+ 39|18 full \\+ 32|14 full \\+ 36")
                .containsPattern("cached +" + total)
                .containsPattern("50 full +23\\.74 T")
                .containsPattern("speed-up +" + speedup);
    }

    /** FLUX.1-dev's. */
    @Test
    void printsThePublishedNumbersOfFlux() {
        Outcome flops = Outcome.of(
                        "flops", "--model", "flux-dev", "--policy", "clusca:interval=5,order=1,clusters=16,first=3")
                .assertDone();
        assertThat(flops.out())
                .startsWith("flux-dev, 50 steps, 1 picture of 1024 x 1024 with 512 text tokens, clusca:")
                .containsPattern("12 full \\+ 38 cached +89[67]\\.\\d\\d T")
                .containsPattern("50 full +3719\\.\\d\\d T")
                .containsPattern("speed-up +4\\.15x +4\\.1\\dx");
    }

    /** What 'clusca flux' runs unless told otherwise, for one picture. */
    @Test
    void fluxHasDefaultsOfItsOwn() {
        assertThat(Outcome.of("flops", "--model", "flux-dev").assertDone().out())
                .contains("clusca:interval=5,order=1,clusters=16,gamma=0.005,first=3,iterations=10")
                .containsPattern("speed-up +4\\.15x");
        assertThat(Outcome.of("flops", "--model", "flux-schnell").assertDone().out())
                .startsWith("flux-schnell, 4 steps, ")
                .contains("3 full + 1 cached");
        Outcome.of("flops", "--model", "flux-dev", "--rows", "2")
                .assertUsage("--rows is 2; FLUX's operations are those of one picture");
    }

    @Test
    void jsonHoldsBothColumns() {
        Outcome flops = Outcome.of("flops", "--model", "DiT-XL/2", "--json").assertDone();

        assertThat(Json.parse(flops.out(), "report"))
                .asInstanceOf(InstanceOfAssertFactories.map(String.class, Object.class))
                .containsEntry("schema", 1L)
                .containsEntry("full_steps", 11L)
                .containsEntry("cached_steps", 39L)
                .satisfies(report -> {
                    assertThat(total(report, "published")).isBetween(5.975e12, 5.985e12);
                    assertThat(total(report, "executed")).isBetween(5.5e12, 6.5e12);
                });
    }

    @Test
    void readsAModelsConfiguration(@TempDir Path folder) {
        Path model = TinyDit.pixels(folder);

        String ofFolder = Outcome.of("flops", "--model", model.toString(), "--json", "--policy", "full")
                .assertDone()
                .out();
        String ofFile = Outcome.of(
                        "flops", "--model", model.resolve("config.json").toString(), "--json", "--policy", "full")
                .assertDone()
                .out();
        String ofWeights = Outcome.of(
                        "flops", "--model", model.resolve("model.safetensors").toString(), "--json", "--policy", "full")
                .assertDone()
                .out();

        assertThat(ofFile.replace("/config.json", "")).isEqualTo(ofFolder);
        assertThat(ofWeights.replace("/model.safetensors", "")).isEqualTo(ofFolder);
    }

    @Test
    void readsTheConfigurationOfFlux(@TempDir Path folder) throws IOException {
        Path weights = folder.resolve("flux.safetensors");
        TinyFlux.write(new RandomFlux(TinyFlux.config(3, true), 4), weights);
        Object ofFile = small(weights);
        Object ofFolder = small(folder);

        Flops counted = Flops.of(TinyFlux.config(3, true), new Fora(3), 50, 5, 8);
        assertThat(ofFile)
                .asInstanceOf(InstanceOfAssertFactories.map(String.class, Object.class))
                .containsEntry("size", "32x64")
                .containsEntry("text_tokens", 5L)
                .containsEntry("rows", 1L)
                .satisfies(report -> {
                    assertThat(total(report, "published")).isEqualTo(counted.published());
                    assertThat(total(report, "executed")).isEqualTo(counted.executed());
                });
        assertThat(((Map<?, ?>) ofFile).keySet().stream().map(String::valueOf))
                .startsWith("schema", "report", "model", "policy", "steps", "rows", "size", "text_tokens");
        assertThat(((Map<?, ?>) ofFolder).get("executed")).isEqualTo(((Map<?, ?>) ofFile).get("executed"));

        // As diffusers publishes FLUX.1-dev; the configuration alone is enough.
        Path transformer = Files.createDirectories(folder.resolve("pipeline/transformer"));
        Files.writeString(transformer.resolve("config.json"), """
                {"_class_name": "FluxTransformer2DModel", "num_layers": 19, "num_single_layers": 38, "guidance_embeds": true}
                """);
        for (String model : List.of("pipeline", "pipeline/transformer", "pipeline/transformer/config.json")) {
            assertThat(Outcome.of("flops", "--model=" + folder.resolve(model))
                            .assertDone()
                            .out())
                    .containsPattern("50 full +3719\\.\\d\\d T")
                    .containsPattern("speed-up +4\\.15x");
        }
    }

    private static Object small(Path model) {
        Outcome flops = Outcome.of(
                "flops", "--model=" + model, "--size=32x64", "--text-tokens=5", "--policy=fora:interval=3", "--json");
        return Json.parse(flops.assertDone().out(), "report");
    }

    @Test
    void countsSlicesAndNamesOfRandomModels() {
        assertThat(Outcome.of("flops", "--model=flux-dev:1+2").assertDone().out())
                .startsWith("flux-dev:1+2, 50 steps, 1 picture of 1024 x 1024 with 512 text tokens, clusca:");
        assertThat(after(Outcome.of("flops", "--model=random:flux-dev:1+2")))
                .isEqualTo(after(Outcome.of("flops", "--model=flux-dev:1+2")))
                .isNotEqualTo(after(Outcome.of("flops", "--model=flux-dev")));
        assertThat(after(Outcome.of("flops", "--model=random:dit-s/2")))
                .isEqualTo(after(Outcome.of("flops", "--model=dit-s/2")));
    }

    /** What is counted, without what it is counted of. */
    private static String after(Outcome outcome) {
        String out = outcome.assertDone().out();
        return out.substring(out.indexOf('\n'));
    }

    @Test
    void quietPrintsNothing() {
        assertThat(Outcome.of("flops", "--model", "dit-s/8", "-q").assertDone().out())
                .isEmpty();
    }

    @Test
    void refusesWhatItCannotCount() {
        Outcome.of("flops", "--model", "dit-m/2").assertUsage("there is no published DiT 'dit-m/2'");
        Outcome.of("flops", "--model", "dit-s/2", "--steps", "0").assertUsage("1 to 1000 steps");
        Outcome.of("flops", "--model", "dit-s/2", "--steps", "2147483647").assertUsage("1 to 1000 steps");
        Outcome.of("flops", "--model", "dit-s/2", "--rows", "-3").assertUsage("-3 rows");
        Outcome.of("flops", "--model", "dit-s/2", "--steps", "many").assertUsage("'many' is not a whole number;");
        Outcome.of("flops", "--model", "dit-s/2", "--steps", "2147483648")
                .assertUsage("'2147483648' is not a whole number from -2147483648 to 2147483647");
        Outcome.of("flops", "--model", "dit-s/2", "--policy", "clusca:intervall=5")
                .assertUsage("'intervall=5' is not a setting");
        for (String missing : List.of("flux-dev:2", "flux1-dev.safetensors", "FLUX.1-dev", "flux/transformer")) {
            Outcome.of("flops", "--model", missing)
                    .assertUsage("there is no file or folder '" + missing
                            + "', and no published model of this name; there are flux-dev, flux-schnell");
        }
        Outcome.of("flops", "--model", "flux-dev", "--size", "40x64").assertUsage("'40x64' is not height and width");
        Outcome.of("flops", "--model", "flux-dev", "--text-tokens", "0").assertUsage("a text has at least 1");
        Outcome.of("flops", "--model", "dit-s/2", "--size", "64x64")
                .assertUsage("--size and --text-tokens are FLUX's, and dit-s/2 is a DiT; leave them out");
        Outcome.of("flops", "--model", "dit-s/8", "--policy", "clusca:clusters=1000")
                .assertUsage("1000 clusters are more than the 16 tokens");
    }

    private static double total(Map<String, Object> report, String column) {
        return (double) ((Map<?, ?>) report.get(column)).get("total");
    }
}
