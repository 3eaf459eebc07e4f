package dev.clusca.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.Repository;
import dev.clusca.backend.Activation;
import dev.clusca.backend.StepTable;
import dev.clusca.random.Purpose;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The manifest says what the PTX holds, and the PTX holds what the kernels' rules allow. */
class ManifestTest {
    private static final Pattern ENTRY = Pattern.compile(
            "\\.visible \\.entry (\\w+)\\((.*?)\\)\\s*\\.maxntid (\\d+), 1, 1\\s*(\\.minnctapersm (\\d+))?\\s*\\{(.*?)\\n\\}",
            Pattern.DOTALL);
    private static final Pattern SHARED =
            Pattern.compile("\\.shared \\.align (\\d+) \\.(?:b8 \\S+?\\[(\\d+)\\]|u32 \\w+);");

    private final KernelManifest manifest = KernelManifest.read();

    @Test
    void everySourceHasItsModule() throws IOException {
        List<String> families = names(Repository.path("kernels"), ".cu");
        assertThat(manifest.modules().stream().map(KernelManifest.Module::family))
                .containsExactlyElementsOf(families);
        assertThat(names(KernelManifest.FOLDER, ".ptx")).isEqualTo(families);
    }

    @Test
    void modulesAreTheFilesThatTheHashesNames() throws Exception {
        for (KernelManifest.Module module : manifest.modules()) {
            byte[] sha =
                    MessageDigest.getInstance("SHA-256").digest(module.ptx().getBytes(StandardCharsets.UTF_8));
            assertThat(HexFormat.of().formatHex(sha)).as(module.file()).isEqualTo(module.sha256());
            assertThat(module.ptx())
                    .contains(".version " + module.version() + "\n")
                    .contains(".target " + module.target() + "\n");
            assertThat(module.target()).isEqualTo("sm_80");
        }
    }

    @Test
    void entriesAreThoseOfThePtx() {
        for (KernelManifest.Module module : manifest.modules()) {
            List<String> found = new ArrayList<>();
            Matcher m = ENTRY.matcher(module.ptx());
            while (m.find()) {
                KernelManifest.Entry entry = manifest.entry(m.group(1));
                found.add(entry.name());
                assertParameters(entry, m.group(2));
                assertThat(entry.block()).as(entry.name()).isEqualTo(Integer.parseInt(m.group(3)));
                assertThat(entry.minBlocks())
                        .as(entry.name())
                        .isEqualTo(m.group(5) == null ? 1 : Integer.parseInt(m.group(5)));
                assertThat(entry.staticShared()).as(entry.name()).isEqualTo(sharedBytes(m.group(6)));
                assertThat(entry.dynamicShared() > 0)
                        .as("%s: whether its source says how much dynamic shared memory it takes", entry.name())
                        .isEqualTo(usesDynamicShared(module, m.group(6)));
                if (!entry.name().endsWith("_bf16")) {
                    assertThat(m.group(6))
                            .as("%s: an approximate tanh is too far off for float32", entry.name())
                            .doesNotContain("tanh.approx");
                }
            }
            assertThat(module.entries().stream().map(KernelManifest.Entry::name))
                    .as(module.family())
                    .containsExactlyElementsOf(found);
            assertThat(found).hasSize(module.ptx().split("\\.entry ", -1).length - 1);
        }
    }

    @Test
    void everyArchitectureIsWithinItsRegisters() {
        for (KernelManifest.Module module : manifest.modules()) {
            for (KernelManifest.Entry entry : module.entries()) {
                assertThat(entry.registers().keySet())
                        .containsExactly("sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120");
                // A multiprocessor has 65,536 registers: as many blocks as promised must find room.
                assertThat(entry.registers().values())
                        .as(entry.name())
                        .allMatch(r -> r * entry.block() * entry.minBlocks() <= 65536 && r <= 255);
            }
        }
    }

    /** No local memory, no float64, no tables, no library's functions. */
    @Test
    void codeIsWhatTheRulesAllow() {
        for (KernelManifest.Module module : manifest.modules()) {
            assertThat(module.ptx())
                    .as(module.file())
                    .doesNotContain(".local")
                    .doesNotContain(".f64")
                    .doesNotContain(".const")
                    .doesNotContain("\n.global")
                    .doesNotContain(".func")
                    .doesNotContain("/");
        }
        String exact = manifest.module("kmeans_f32").ptx();
        assertThat(exact)
                .as("k-means has contracted a multiplication and an addition")
                .doesNotContain("fma.rn.f32");
    }

    @Test
    void inlinePtxLiesInHeaders() throws IOException {
        for (String family : names(Repository.path("kernels"), ".cu")) {
            assertThat(Files.readString(Repository.path("kernels", family + ".cu")))
                    .as(family)
                    .doesNotContainPattern("\\basm\\b");
        }
    }

    @Test
    void headersNameTheColumnsPurposesAndActivationsOfJava() throws IOException {
        assertThat(Files.readString(Repository.path("kernels", "inc", "epilogue.cuh")))
                .contains("enum Activation { "
                        + String.join(
                                ", ",
                                Arrays.stream(Activation.values())
                                        .map(Enum::name)
                                        .toList())
                        + " }");
        String steps = Files.readString(Repository.path("kernels", "inc", "steps.cuh"));
        String columns = steps.substring(steps.indexOf("enum Column {") + 13, steps.indexOf("COLUMNS"));
        assertThat(columns.replaceAll("\\s", "").split(","))
                .containsExactly(
                        Arrays.stream(StepTable.Column.values()).map(Enum::name).toArray(String[]::new));
        String philox = Files.readString(Repository.path("kernels", "inc", "philox.cuh"));
        assertThat(philox)
                .contains("enum Purpose { "
                        + String.join(
                                ", ",
                                Arrays.stream(Purpose.values()).map(Enum::name).toList())
                        + " }");
    }

    @Test
    void modulesArePackedWithTheLibrary() throws IOException {
        for (KernelManifest.Module module : manifest.modules()) {
            try (InputStream packed = StepTable.class.getResourceAsStream("/dev/clusca/kernels/ptx/" + module.file())) {
                assertThat(packed).as(module.file()).isNotNull();
                assertThat(new String(packed.readAllBytes(), StandardCharsets.UTF_8))
                        .isEqualTo(module.ptx());
            }
        }
    }

    private static void assertParameters(KernelManifest.Entry entry, String list) {
        Matcher m = Pattern.compile("\\.param (?:\\.align 8 )?\\.[a-z]+(\\d+) (\\w+)(?:\\[(\\d+)])?")
                .matcher(list);
        int offset = 0;
        for (KernelManifest.Parameter parameter : entry.parameters()) {
            assertThat(m.find()).as(entry.name()).isTrue();
            boolean struct = m.group(3) != null;
            int size = struct ? Integer.parseInt(m.group(3)) : Integer.parseInt(m.group(1)) / 8;
            int alignment = struct ? Long.BYTES : size;
            offset = Math.ceilDiv(offset, alignment) * alignment;
            assertThat(parameter.size()).as("%s, %s", entry.name(), parameter).isEqualTo(size);
            assertThat(parameter.offset()).as("%s, %s", entry.name(), parameter).isEqualTo(offset);
            if (struct) {
                assertThat(parameter.kind()).as(entry.name()).isEqualTo("u64[" + size / Long.BYTES + "]");
            } else {
                assertThat(size)
                        .as("%s, %s", entry.name(), parameter)
                        .isEqualTo(parameter.isPointer() || parameter.type().endsWith("64") ? 8 : 4);
            }
            offset += size;
        }
        assertThat(m.find()).as(entry.name()).isFalse();
        assertThat(entry.parameters().stream().map(KernelManifest.Parameter::name))
                .as(entry.name())
                .doesNotHaveDuplicates();
    }

    private static boolean usesDynamicShared(KernelManifest.Module module, String body) {
        return Pattern.compile("\\.extern \\.shared \\.align \\d+ \\.b8 (\\w+)\\[\\]")
                .matcher(module.ptx())
                .results()
                .anyMatch(variable -> body.contains(variable.group(1)));
    }

    /** Variables lie one behind the other in descending order of alignment; the sum is a multiple of the widest. */
    private static int sharedBytes(String body) {
        int bytes = 0;
        int widest = 1;
        Matcher m = SHARED.matcher(body);
        while (m.find()) {
            bytes = Math.ceilDiv(bytes, Integer.parseInt(m.group(1))) * Integer.parseInt(m.group(1))
                    + (m.group(2) == null ? Integer.BYTES : Integer.parseInt(m.group(2)));
            widest = Math.max(widest, Integer.parseInt(m.group(1)));
        }
        return Math.ceilDiv(bytes, widest) * widest;
    }

    private static List<String> names(Path folder, String suffix) throws IOException {
        TreeSet<String> names = new TreeSet<>();
        try (Stream<Path> files = Files.list(folder)) {
            files.map(f -> f.getFileName().toString())
                    .filter(f -> f.endsWith(suffix))
                    .forEach(f -> names.add(f.substring(0, f.length() - suffix.length())));
        }
        return List.copyOf(names);
    }
}
