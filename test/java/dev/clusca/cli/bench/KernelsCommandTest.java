package dev.clusca.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.clusca.checkpoint.Json;
import dev.clusca.cli.Main;
import dev.clusca.cli.Outcome;
import dev.clusca.cli.Session;
import dev.clusca.measure.Results;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KernelsCommandTest {
    private static final String[] TINY = {
        "--shapes", "grid=4,width=64,heads=2", "--limit", "0.05", "--noise", "5", "--threads", "1"
    };

    @TempDir
    Path folder;

    private static String[] kernels(String... arguments) {
        return Stream.of(new String[] {"bench", "kernels"}, arguments, TINY)
                .flatMap(Arrays::stream)
                .toArray(String[]::new);
    }

    @Test
    void theListTellsWhatEachOperationCosts() {
        Outcome list = Outcome.of("bench", "list", "^gemm/", "--shapes", "dit-xl/2", "--dtype", "f32,bf16")
                .assertDone();
        assertThat(list.out().lines().skip(1)).hasSize(10).allMatch(line -> line.startsWith("gemm/"));
        assertThat(list.out())
                .containsPattern("gemm/f32/512x1152x4608/gelu_tanh/bias +33030144 +5435817984 +164.6 +a\\[512, 1152\\]")
                .contains("gemm/bf16/512x1152x4608/gelu_tanh/bias");
    }

    @Test
    void resultsArePrintedAndWritten() throws IOException {
        Path file = folder.resolve("results.json");
        Outcome run = Outcome.of(kernels("^(gatherRows|attention)/", "--json", file.toString(), "--mode", "warm"));
        assertThat(run.err()).isEmpty();
        assertThat(run.out())
                .containsPattern("case +dtype +median")
                .containsPattern("attention 2x16x64/heads2 +f32 +[0-9.]+ us")
                .contains("peaks in f32: ")
                .contains("wrote " + file);
        assertThat(Json.read(file)).isInstanceOfSatisfying(Map.class, json -> {
            assertThat(json.get("kind")).isEqualTo("kernels");
            assertThat((List<?>) json.get("results")).hasSize(2);
        });
        Outcome.of("bench", "compare", file.toString(), file.toString()).assertDone();
    }

    @Test
    void recordsJudgeTheNextRun() throws IOException {
        String[] arguments = kernels("^gatherRows/", "--record", "--no-baseline", "--mode", "warm");
        assertThat(Outcome.at(folder, arguments).out()).contains("added 1 records to ");
        List<Path> files;
        try (var all = Files.list(folder.resolve("bench").resolve("history"))) {
            files = all.toList();
        }
        assertThat(files).hasSize(1);
        assertThat(Files.readString(files.getFirst())).startsWith("{\"schema\":1,\"kind\":\"kernel\",");
        assertThat(Outcome.at(folder, arguments).out()).containsPattern("gatherRows .*(SAME|FASTER|SLOWER|UNSURE)");
    }

    /** Copies have no place in a roofline, and a file's folder may go meanwhile: what was measured is recorded all the same. */
    @Test
    void recordsAreKeptWhateverGoesWrongWithAPlot() {
        Outcome run = Outcome.at(
                folder,
                kernels(
                        "^gatherRows/",
                        "--record",
                        "--no-baseline",
                        "--mode",
                        "warm",
                        "--plot",
                        folder.resolve("x.png").toString()));
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("none can be drawn");
        assertThat(run.out()).contains("added 1 records to ");
        assertThat(folder.resolve("bench").resolve("history")).isNotEmptyDirectory();
    }

    /** It added records and said that nothing was written. */
    @Test
    void anInterruptedRunKeepsTheRecordsThatItHas() {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        String[] arguments = kernels("^(gatherRows|scatterRows)/", "--record", "--no-baseline", "--mode", "warm");
        int code = Main.run(
                new Session(out, err, folder, false, false, () -> out.toString().contains("gatherRows 2x")), arguments);
        assertThat(code).isEqualTo(130);
        assertThat(out.toString()).contains("added 1 records to ").doesNotContain("scatterRows");
        assertThat(err.toString())
                .startsWith("clusca bench kernels: interrupted; the records of what was measured are in " + folder);

        Outcome none = Outcome.cancelled(folder.resolve("none"), () -> true, arguments);
        assertThat(none.err()).isEqualTo("clusca bench kernels: interrupted; nothing was written\n");
        assertThat(folder.resolve("none")).doesNotExist();
    }

    /** The CPU backend's threads are counted while rungs are timed: a second team would make the first one wake late. */
    @Test
    void aLadderShowsEveryRungAndOpensOneAtATime() {
        long others = teams();
        AtomicLong most = new AtomicLong();
        Outcome ladder = Outcome.cancelled(
                null,
                () -> {
                    most.accumulateAndGet(teams() - others, Math::max);
                    return false;
                },
                "bench",
                "kernels",
                "^attention/",
                "--ladder",
                "--mode=warm",
                "--shapes=grid=4,width=64,heads=2",
                "--limit=0.05",
                "--noise=5",
                "--threads=2");
        assertThat(ladder.out()).contains("attention/f32/", "reference, plain Java", "The factor is the gain");
        assertThat(most).hasValueLessThanOrEqualTo(1);
        List<MatchResult> rungs = Pattern.compile("^  \\S.*? {2,}(?:([0-9.]+)x)? +([0-9.]+) us", Pattern.MULTILINE)
                .matcher(ladder.out())
                .results()
                .toList();
        assertThat(rungs).hasSizeGreaterThan(2);
        assertThat(rungs.getFirst().group(1)).isNull();
        for (int i = 1; i < rungs.size(); i++) {
            double before = Double.parseDouble(rungs.get(i - 1).group(2));
            double micros = Double.parseDouble(rungs.get(i).group(2));
            assertThat(Double.parseDouble(rungs.get(i).group(1)))
                    .as(rungs.get(i).group())
                    .isCloseTo(before / micros, within(0.005 + 0.06 * before / micros / micros + 0.06 / micros));
        }
    }

    private static long teams() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("clusca-cpu"))
                .count();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "nothing-has-this | no case has a name in which 'nothing-has-this' is found; './clusca bench list' shows",
                "--mode=hot | 'hot' is no mode; expected cold, warm or flushed",
                "--noise=0 | --noise is 0.0 %, expected more than 0 and less than 100",
                "--limit=-1 | --limit is -1.0 s, expected more than 0 and at most 3600",
                "--gpu=h200 | --gpu computes the least times of an emulated GPU's kernels; add --emulate",
                "--gpu=gtx1080 | 'gtx1080' is no GPU that is known here",
                "--dtype=f64 | 'f64' is not one of f32, bf16",
                "--batch=0 | --batch is 0, expected 1 to",
                "--shapes=dit-xxl/2 | there is no published DiT",
                "--ladder --json=x.json | a ladder is printed and not kept",
                "--json=x.png --plot=./x.png | x.png is named twice; give --json and --plot a file each",
                "--record | bench/history where clusca lies, which is not known",
                "( | is not a regular expression",
            })
    void wrongUsageIsRefusedBeforeAnythingRuns(String arguments, String sentence) {
        String[] all = Stream.concat(Stream.of("bench", "kernels"), Arrays.stream(arguments.split(" ")))
                .toArray(String[]::new);
        Outcome.of(all).assertUsage(sentence);
    }

    @Test
    void aFileThatCannotBeWrittenIsRefusedFirst() {
        Outcome.of(kernels(
                        "^gatherRows/",
                        "--json",
                        folder.resolve("no/such/file.json").toString()))
                .assertFailed(1, "does not exist; create it first");
    }

    @Test
    void filesOfDifferentKindsAreNotCompared() throws IOException {
        Path kernels = Files.writeString(
                folder.resolve("kernels.json"), Results.kernels(Results.kernel("gemm", "f32", 20, 10_000)));
        Path counts = Files.writeString(
                folder.resolve("static.json"), "{\"schema\": 1, \"kind\": \"static\", \"results\": []}");
        Outcome.of("bench", "compare", kernels.toString(), counts.toString()).assertUsage("holds other results than");
        Path odd = Files.writeString(folder.resolve("odd.json"), "{\"schema\": 1, \"kind\": \"images\"}");
        Outcome.of("bench", "compare", odd.toString(), odd.toString()).assertFailed(1, "has kind = 'images'");
    }

    @Test
    void aStrictComparisonWantsEveryResultValidAndNoneSlower() throws IOException {
        String gemm = Results.kernel("gemm", "f32", 20, 10_000);
        String copy = Results.kernel("copy", "f32", 20, 10_000);
        Path before = Files.writeString(folder.resolve("before.json"), Results.kernels(gemm, copy));
        assertThat(strict(before, gemm, copy)).isZero();
        assertThat(strict(before, gemm, copy, Results.kernel("new", "f32", 20, 10_000)))
                .isZero();
        assertThat(strict(before, gemm, Results.kernel("copy", "f32", 30, 10_000)))
                .isEqualTo(1);
        assertThat(strict(before, gemm, copy.replace("\"valid\": true", "\"valid\": false")))
                .isEqualTo(1);
        assertThat(strict(before, gemm)).isEqualTo(1);
    }

    private int strict(Path before, String... results) throws IOException {
        Path after = Files.writeString(folder.resolve("after.json"), Results.kernels(results));
        Outcome compared = Outcome.of("bench", "compare", "--strict", before.toString(), after.toString());
        assertThat(compared.err()).isEmpty();
        return compared.code();
    }

    @ParameterizedTest
    @ValueSource(strings = {"list", "compare", "history"})
    void helpHasExamples(String command) {
        assertThat(Outcome.of("bench", command, "--help").assertDone().out())
                .contains("Usage: clusca bench " + command, "Examples:", "  ./clusca bench " + command)
                .doesNotContain("${", "null");
    }
}
