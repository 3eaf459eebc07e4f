package dev.clusca.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import dev.clusca.Repository;
import dev.clusca.Script;
import dev.clusca.cases.OpCase;
import dev.clusca.cases.OpCases;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code bench/gpu.sh} in a small tree of its own, with scripts in place of the launcher, NVIDIA's tools and {@code peers.sh}. */
class GpuScriptTest {
    /** Lists two sizes of an operation, makes pictures, or notes how it was called. */
    private static final String LAUNCHER = """
            echo "clusca $*" >>calls.log
            case $* in
              --show-command) echo 'java -cp a\\ b/\\* main ' ;;
              *--list)
                echo "gemm/f32/3x4.5  c[3, 4]  96 bytes"
                echo "gemm/f32/1x2  c[1, 2]  24 bytes"
                echo "dit/forward  f32  x"
                ;;
              sample*)
                out=$*
                out=${out##*--out }
                out=${out% --quiet}
                count=$*
                count=${count##*--count }
                count=${count%% *}
                mkdir -p "$out"
                for ((i = 0; i < (count < 70 ? count : 70); i++)); do echo "$i" >"$out/$i.png"; done
                if ((count == 1000)); then
                  until [[ $(grep -c '^70 ' bench/target/gpu/memory.csv) -ge 5 ]]; do sleep 0.02; done
                  for ((; i < count; i++)); do : >"$out/$i.png"; done
                  sleep 0.2
                fi
                ;;
              *kernels*) mkdir -p bench/history; touch bench/history/nvidia-h200.jsonl ;;
              *verify*) sleep "${SECONDS_OF_CHECK:-0}"; echo "${VERDICT:-9 passed, 0 failed}"; [[ -z ${VERDICT:-} ]] ;;
            esac
            """;

    @TempDir
    Path folder;

    @BeforeEach
    void makeTree() throws IOException {
        Script.write(folder.resolve("clusca"), LAUNCHER);
        Script.write(folder.resolve("bench/gpu.sh"), Files.readString(Repository.path("bench", "gpu.sh")));
        Script.write(folder.resolve("bench/peers.sh"), "echo \"peers $*\" >>calls.log\n");
        Script.write(
                folder.resolve("bin/nvidia-smi"),
                "while :; do [[ -e bench/target/gpu/images/all/999.png ]] && echo 4 || echo 500; sleep 0.02; done\n");
        Script.write(folder.resolve("bin/compute-sanitizer"), "echo \"sanitizer $*\" >>calls.log\n");
    }

    @Test
    void runsEveryPartAndKeepsWhatItFound() throws IOException {
        ChildProcess.Result result = gpu(Map.of(), "--python", "p");
        assertThat(result.output().lines())
                .satisfiesExactly(
                        line -> assertThat(line).matches("check: done, \\d+ s; 9 passed, 0 failed"),
                        line -> assertThat(line).matches("sanitize: done, \\d+ s; == memcheck, the chain"),
                        line -> assertThat(line).matches("kernels: done, \\d+ s; "),
                        line -> assertThat(line).matches("models: done, \\d+ s; "),
                        line -> assertThat(line)
                                .matches(
                                        "long: done, \\d+ s; 1000 images, the first 32 of them made again and equal; 500 to 500 MiB of memory in \\d+ samples .*"));
        assertThat(result.exit()).isZero();
        assertThat(calls())
                .contains("clusca verify --backend cuda --quiet")
                .contains("clusca verify --backend cuda:chain --quiet --op ^(prefixChain|dit/trajectories/clusca)")
                .contains("java -cp a b/* main verify --backend cuda:chain --quiet --op ^prefixChain/bf16[+]f32/")
                .contains("clusca bench models --backend cuda:chain --model random:dit-xl/2 --dtype bf16 ")
                .contains("clusca bench models --backend cuda --model random:dit-xl/2 --dtype bf16 ")
                .contains(
                        "sanitizer --tool memcheck --target-processes all --report-api-errors no --error-exitcode 9 java -cp a b/* main verify"
                                + " --backend cuda --quiet --op ^(gemm/f32/1x2)$|^(gemm/(bf16|f32)/16x4608x1152|")
                .contains("sanitizer --tool racecheck ")
                .contains("--count 32 ")
                .contains("peers models --device cuda --python p --out bench/target/gpu/models.jsonl dit-xl/2:bf16:2 ")
                .contains(
                        "sample --backend cuda --model models/shapes-dit --policy clusca:interval=5 --cfg 3 --seed 7 --count 1000 ");
        assertThat(folder.resolve("bench/target/gpu/nvidia-h200.jsonl")).exists();
    }

    @Test
    void aPartThatFailsIsSaidAndTheNextOnesRun() {
        ChildProcess.Result result = gpu(Map.of("VERDICT", "8 passed, 1 failed"), "check", "kernels");
        assertThat(result.output()).containsPattern("check: FAILED, code 1, \\d+ s; 8 passed, 1 failed\nkernels: done");
        assertThat(result.exit()).isEqualTo(1);
    }

    @Test
    void whatTakesTooLongIsEnded() throws IOException {
        Script.write(
                folder.resolve("bin/timeout"),
                "[[ $3 == 1[0-9] || $3 == 6[0-9] || $3 == 5[0-9] ]] || exit 3; exec /usr/bin/timeout -k 5 1 \"${@:4}\"\n");
        ChildProcess.Result result = gpu(Map.of("SECONDS_OF_CHECK", "4"), "--minutes", "1", "check");
        assertThat(result.output()).containsPattern("check: ENDED, no time left, \\d s; ");
        assertThat(result.exit()).isEqualTo(1);
    }

    /** The first part may not take the time of the others: four of seven shares of a minute. */
    @Test
    void everyPartHasItsShareOfTheTime() throws IOException {
        Script.write(folder.resolve("bin/timeout"), "echo \"timeout $3\" >>calls.log; exit 124\n");
        ChildProcess.Result result = gpu(Map.of(), "--minutes", "1", "check", "kernels");
        assertThat(result.output()).containsPattern("check: ENDED, .*\nkernels: ENDED, no time left");
        assertThat(calls()).containsPattern("timeout [89]\\ntimeout 3[2-4]\\ntimeout (5[0-9]|60)\\n");
    }

    /** What meets in many blocks, and asynchronous copies, are those of tensors that are aligned. */
    @Test
    void whatTheSanitizerLooksAtIsThereAndAligned() throws IOException {
        assertThat(cases("DEEP"))
                .hasSizeGreaterThan(12)
                .filteredOn(OpCase::isSkewed)
                .isEmpty();
        assertThat(cases("CHAIN")).hasSize(2).filteredOn(OpCase::isSkewed).isEmpty();
    }

    /** Those that an expression of the script names. */
    private static List<OpCase> cases(String name) throws IOException {
        Matcher expression =
                Pattern.compile(name + "='(.*)'").matcher(Files.readString(Repository.path("bench", "gpu.sh")));
        assertThat(expression.find()).isTrue();
        Pattern names = Pattern.compile(expression.group(1));
        return OpCases.all().stream()
                .filter(c -> names.matcher(c.name()).find())
                .toList();
    }

    @Test
    void picturesThatDifferFailTheLongRun() throws IOException {
        Script.write(folder.resolve("clusca"), LAUNCHER.replace("echo \"$i\"", "echo \"$RANDOM\""));
        ChildProcess.Result result = gpu(Map.of(), "long");
        assertThat(result.output()).contains("long: FAILED, code 1").contains(" differ");
        assertThat(result.exit()).isEqualTo(1);
    }

    @Test
    void memoryThatGrowsFailsTheLongRun() throws IOException {
        Script.write(folder.resolve("bin/nvidia-smi"), "for ((i = 500; ; i += 10)); do echo $i; sleep 0.01; done\n");
        Script.write(folder.resolve("clusca"), LAUNCHER.replace("-ge 5", "-ge 20"));
        assertThat(gpu(Map.of(), "long").output())
                .containsPattern("long: FAILED, code 1, .*; 500 to [0-9]+ MiB|[0-9]+ to [0-9]+ MiB of memory");
        Files.delete(folder.resolve("bin/nvidia-smi"));
        Script.write(folder.resolve("clusca"), LAUNCHER.replace("-ge 5", "-ge 0"));
        assertThat(gpu(Map.of(), "long").output())
                .contains("long: FAILED, code 1")
                .endsWith("nvidia-smi told too little of the memory\n");
    }

    /** An interrupt reaches what runs, and nothing is left behind. */
    @Test
    @Timeout(60)
    void anInterruptEndsAll() throws IOException, InterruptedException {
        Script.write(
                folder.resolve("clusca"),
                "trap 'echo stopped >>calls.log; exit' TERM INT; echo \"clusca $*\" >>calls.log; sleep 4 & wait\n");
        Files.writeString(folder.resolve("calls.log"), "");
        Process script = new ProcessBuilder(folder.resolve("bench/gpu.sh").toString(), "check")
                .directory(folder.toFile())
                .start();
        while (!calls().contains("verify")) {
            Thread.onSpinWait();
        }
        script.destroy();
        assertThat(script.waitFor()).isEqualTo(130);
        while (!calls().contains("stopped")) {
            Thread.onSpinWait();
        }
    }

    @Test
    void wrongUsageIsASentence() {
        assertUsage("there is no option --bogus; see the head of this file", "--bogus");
        assertUsage("--out needs a value", "--out");
        assertUsage("--minutes takes a whole number, not 0", "--minutes", "0");
        assertUsage("there is no part clocks; see the head of this file", "clocks");
        assertUsage("long needs a GPU; a rehearsal has check and kernels", "--emulate", "long");
    }

    private void assertUsage(String sentence, String... arguments) {
        ChildProcess.Result result = gpu(Map.of(), arguments);
        assertThat(result.output()).isEqualTo("gpu.sh: " + sentence + "\n");
        assertThat(result.exit()).isEqualTo(2);
    }

    private String calls() throws IOException {
        return Files.readString(folder.resolve("calls.log"));
    }

    private ChildProcess.Result gpu(Map<String, String> environment, String... arguments) {
        List<String> command =
                new ArrayList<>(List.of(folder.resolve("bench/gpu.sh").toString()));
        command.addAll(List.of(arguments));
        Map<String, String> all = new HashMap<>(environment);
        all.put("PATH", folder + "/bin:" + System.getenv("PATH"));
        return ChildProcess.start(folder, all, command).await();
    }
}
