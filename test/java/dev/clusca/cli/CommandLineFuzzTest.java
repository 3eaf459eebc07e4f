package dev.clusca.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.checkpoint.RandomFlux;
import dev.clusca.model.flux.TinyFlux;
import dev.clusca.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever is typed: one sentence and an exit code, never a stack trace. */
class CommandLineFuzzTest {
    private static final List<String> COMMANDS = List.of("sample", "flops", "flux", "decode");
    private static final List<String> WORDS = List.of(
            "sample",
            "inspect",
            "flops",
            "--model",
            "dit-s/8",
            "--model=dit-b/4",
            "--policy",
            "clusca",
            "--classes",
            "0,1",
            "otter",
            "--count",
            "--vae",
            "--image-size=256",
            "--npz",
            "--steps",
            "3",
            "--steps=1e3",
            "--seed",
            "-1",
            "--cfg",
            "x",
            "--rows",
            "2147483648",
            "--backend",
            "gpu",
            "--dtype",
            "bf16",
            "--json",
            "-q",
            "-qV",
            "-x",
            "--",
            "-",
            "",
            " ",
            "\u0000",
            "\ud83d",
            "@x",
            "${env:HOME}",
            "${sys:user.home}",
            "%s%n",
            "\n",
            "--out=",
            "=",
            "--no-json",
            "--threads",
            "''",
            "\"",
            "\\",
            "--help=1",
            "--debug=maybe",
            "--size",
            "64x64",
            "40x64",
            "--guidance",
            "--prompt",
            "--latents",
            "2147483647");
    private static final List<String> POLICIES = List.of(
            "full",
            "fora",
            "fora:interval=3",
            "fora:full=0/1/2",
            "taylorseer:interval=5,order=2,first=2,ladder=bf16",
            "clusca:interval=5,order=2,clusters=16,gamma=0.005,first=2,iterations=10,stop=batch,ladder=f32");
    private static final String CHARACTERS = "abcfilnorstu:=,.-+ 0123456789eE\u00e9\n\t%${}@\u0000";

    private static final List<String> SIZES = List.of(
            "16x16",
            "32x48",
            "64x64",
            "40x64",
            "0x64",
            "64",
            "x64",
            "64x64x64",
            "-16x16",
            "2147483647x16",
            "16x1600000");
    private static final List<String> NUMBERS = List.of(
            "0",
            "1",
            "2",
            "-1",
            "3.5",
            "1001",
            "2147483647",
            "2147483648",
            "1e38",
            "1e39",
            "NaN",
            "-Infinity",
            "",
            "x");

    private final long seed = Long.getLong("clusca.seed", System.nanoTime());
    private final Random random = new Random(seed);

    @Test
    void argumentsInAnyOrderAreRefusedInOneSentence(@TempDir Path folder) {
        for (int run = 0; run < 300; run++) {
            List<String> args = new ArrayList<>(List.of(pick(COMMANDS)));
            if (random.nextBoolean()) {
                args.add("--model=" + folder.resolve("none"));
            }
            for (int i = random.nextInt(8); i > 0; i--) {
                args.add(pick(WORDS));
            }
            check(args);
        }
    }

    /** Model and text are there, so that numbers are looked at that come after them. Some images are made. */
    @Test
    void numbersOfAnImageOfFluxAreTakenOrRefused(@TempDir Path folder) {
        TinyFlux.write(new RandomFlux(TinyFlux.config(2, true), 4), folder.resolve("flux.safetensors"));
        TinyFlux.writePrompt(Shape.of(5, 24), Shape.of(20), folder.resolve("prompt.safetensors"));
        for (int run = 0; run < 200; run++) {
            List<String> args = new ArrayList<>(List.of(
                    "flux",
                    "--backend=cpu",
                    "--model=" + folder.resolve("flux.safetensors"),
                    "--prompt=" + folder.resolve("prompt.safetensors"),
                    "--latents=" + folder.resolve("latents.safetensors"),
                    "--report=" + folder.resolve("report.json"),
                    "--size=" + mostly("64x64", SIZES),
                    "--steps=" + pick(NUMBERS),
                    "--guidance=" + mostly("2", NUMBERS),
                    "--seed=" + mostly("3", NUMBERS),
                    "--policy=" + pick(POLICIES)));
            if (random.nextInt(8) == 0) {
                args.add(pick(WORDS));
            }
            check(args);
        }
    }

    @Test
    void policiesWithTyposAreReadOrRefused() {
        for (int run = 0; run < 300; run++) {
            StringBuilder policy = new StringBuilder(pick(POLICIES));
            for (int i = random.nextInt(4); i >= 0; i--) {
                int at = random.nextInt(policy.length() + 1);
                char c = CHARACTERS.charAt(random.nextInt(CHARACTERS.length()));
                switch (random.nextInt(4)) {
                    case 0 -> policy.insert(at, c);
                    case 1 -> policy.insert(at, pick(POLICIES));
                    case 2 -> policy.delete(at, Math.min(policy.length(), at + 1 + random.nextInt(5)));
                    default -> policy.setLength(at);
                }
            }
            Outcome outcome = check(List.of("flops", "--model", "dit-s/2", "--policy=" + policy));
            assertThat(outcome.code()).as("policy '%s', seed %d", policy, seed).isIn(0, 2);
        }
    }

    private Outcome check(List<String> args) {
        Outcome outcome = Outcome.of(args.toArray(String[]::new));
        String which = "arguments %s, seed %d".formatted(args, seed);
        assertThat(outcome.code()).as(which).isIn(0, 1, 2);
        assertThat(outcome.err()).as(which).doesNotContain("\tat ", "Exception", "internal error");
        if (outcome.code() == 0) {
            assertThat(outcome.err()).as(which).isEmpty();
        } else {
            assertThat(outcome.err()).as(which).startsWith("clusca");
            assertThat(outcome.err().lines()).as(which).hasSize(1);
        }
        return outcome;
    }

    private String mostly(String good, List<String> others) {
        return random.nextInt(4) == 0 ? pick(others) : good;
    }

    private String pick(List<String> list) {
        return list.get(random.nextInt(list.size()));
    }
}
