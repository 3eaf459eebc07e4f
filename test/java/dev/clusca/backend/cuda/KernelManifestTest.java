package dev.clusca.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.backend.BackendException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The manifest of the kernels in the jar, and manifests that are none. */
class KernelManifestTest {
    private static final String GOOD = """
            {"schema": 1, "nvcc": "13.0.88", "later": [1, {"a": 2}], "modules": [{"family": "f", "file": "f.ptx", "sha256": "00", "entries": [
            {"name": "k", "block": 256, "static_shared": 8, "dynamic_shared": 0, "registers": {"sm_80": 9},
            "parameters": [{"name": "x", "kind": "f32*", "offset": 0, "size": 8}]}]}]}
            """;

    @Test
    void theShippedOneDescribesWhatIsShipped() {
        KernelManifest manifest = KernelManifest.shipped();
        assertThat(manifest.modules()).isNotEmpty();
        for (KernelManifest.Module module : manifest.modules()) {
            Ptx ptx = Ptx.shipped(module.family());
            assertThat(module.entries()).as(module.family()).isNotEmpty().allSatisfy(entry -> {
                assertThat(ptx.text()).contains(".entry " + entry.name() + "(");
                List<String> declared = entry.parameters().stream()
                        .map(KernelParameter::toString)
                        .toList();
                assertThat(KernelParameter.layout(entry.name(), declared)).isEqualTo(entry.parameters());
                assertThat(entry.parameters())
                        .allSatisfy(parameter -> assertThat(parameter.form()).isNotNull());
            });
        }
    }

    @Test
    void aFamilyThatIsNotThereIsNamedWithThoseThatAre() {
        assertThatThrownBy(() -> Ptx.shipped("winograd"))
                .isInstanceOf(BackendException.class)
                .hasMessageContaining("there is no family of kernels \"winograd\"; the jar has ")
                .hasMessageContaining("norm");
    }

    @Test
    void membersThatAreNotKnownAreSkipped() {
        KernelManifest manifest = KernelManifestReader.read(GOOD);
        assertThat(manifest.modules().getFirst().entries())
                .containsExactly(new KernelEntry(
                        "k", 256, 8, 0, Map.of("sm_80", 9), List.of(new KernelParameter("x", "f32*", 0, 8))));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"schema\": 1 | \"schema\": 2 | has schema 2; expected 1",
                "\"block\": 256 | \"block\": \"many\" | \"block\" of an entry is many; expected a number",
                "\"sha256\": \"00\" | \"sha\": \"00\" | a module lacks \"sha256\"",
                "\"entries\": [ | \"entries\": 3, \"x\": [ | expected START_ARRAY",
                "{\"schema\" | {schema | is no JSON",
            })
    void whatIsWrongIsNamed(String part, String instead, String message) {
        assertThat(GOOD).contains(part);
        assertThatThrownBy(() -> KernelManifestReader.read(GOOD.replace(part, instead)))
                .isInstanceOf(BackendException.class)
                .hasMessageContaining(message);
    }

    @Test
    void textThatIsNoPtxIsRefused() {
        assertThatThrownBy(() -> Ptx.of("mine", "int main() {}")).hasMessageContaining("mine is no PTX");
    }
}
