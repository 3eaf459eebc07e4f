package dev.clusca.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.clusca.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Reading result files, good and bad. */
class MeasuredTest {
    private static final String GEMM = Results.kernel("gemm", "f32", 20, 50_000);

    @TempDir
    Path folder;

    @Test
    void readsKernels() throws IOException {
        KernelFile result = (KernelFile) Measured.read(file(Results.kernels(GEMM)));

        assertThat(result.device()).isEqualTo("a device");
        assertThat(result.machine().cpu()).isEqualTo("A processor");
        assertThat(result.peaks()).containsEntry("bf16", new KernelFile.Peak(2.5e10, 9e10));
        assertThat(result.points()).singleElement().satisfies(point -> {
            assertThat(point.name()).isEqualTo("gemm/f32/1");
            assertThat(point.intensity()).isEqualTo(20);
            assertThat(point.rate()).isEqualTo(5e10);
            assertThat(point.isDrawable()).isTrue();
        });
    }

    @Test
    void tellsWhatHasNoPlaceInARoofline() {
        KernelFile.Point copy = new KernelFile.Point("copy", "copy", "f32", 1, 8, 0, true, "cpu|0|cold", 0, 0);
        KernelFile.Point wrong = new KernelFile.Point("gemm", "gemm", "f32", 1, 8, 8, false, "cpu|0|cold", 0, 0);
        KernelFile.Point nothing = new KernelFile.Point("gemm", "gemm", "f32", 1, 0, 8, true, "cpu|0|cold", 0, 0);

        assertThat(copy.isDrawable()).isFalse();
        assertThat(wrong.isDrawable()).isFalse();
        assertThat(nothing.isDrawable()).isFalse();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            "kind": "kernels" | "kind": "images" | has kind = 'images', expected 'models', 'kernels' or 'static'
            "kind": "kernels" | "kind": 3        | has kind = 3, expected a text
            "kind": "kernels" | "sort": 3        | has no kind, so it is not a result of clusca bench
            "schema": 1,      | "schema": 2,     | has schema 2, and this version reads schema 1; use the clusca that wrote it
            "schema": 1,      | "schema": "1",   | has schema = '1', expected a whole number
            "schema": 1,      | ``               | has no schema, expected a whole number
            "device"          | "devices"        | has no device, expected a text
            "cores": 2        | "cores": 0       | , machine has cores = 0, expected a whole number from 1 on
            "peaks"           | "peak"           | has no peaks, expected an object
            2e10              | -2e10            | , peaks, 'f32' has bytes_per_second = -2.0E10, expected a number above 0
            2e10              | 1e300            | a peak of 1.0E300 bytes and 1.0E11 operations a second is none of a machine
            "results": [      | "results": [7,   | , results[0] is 7, expected a JSON object
            "median_us": 20.0 | "median_us": 0   | , results[0] has median_us = 0, expected a number above 0
            "median_us": 20.0 | "median_us": null | , results[0] has no median_us, expected a number
            "median_us": 20.0 | "median_us": 1e999 | , results[0] has median_us = Infinity, expected a number
            "median_us": 20.0 | "median_us": 1e-300 | case 'gemm/f32/1' has a median of 1.0E-300 us
            "bytes": 50000    | "bytes": -1      | case 'gemm/f32/1' has a median of 20.0 us for -1.0 bytes
            "dtype": "f32"    | "dtype": "$x$"   | , results[0] has dtype = '$x$', expected a short name
            "valid": true     | "valid": "yes"   | , results[0] has valid = 'yes', expected true or false
            """)
    void saysWhatIsWrong(String found, String replaced, String sentence) throws IOException {
        String good = Results.kernels(GEMM);
        assertThat(good).contains(found);
        Path file = file(good.replace(found, replaced));

        assertThatExceptionOfType(ResultException.class)
                .isThrownBy(() -> Measured.read(file))
                .withMessageContaining(sentence)
                .satisfies(e -> assertThat(e.getMessage().lines()).hasSize(1));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            "interval" : 3   | "interval" : 1   | , batches[0], runs[0] has interval = 1, expected a whole number from 2 on
            "method" : "fora" | "method" : "a b" | , batches[0], runs[0] has method = 'a b', expected a short name
            "speedup_time" : 2.0 | "speedup_time" : 1e9 | has speedup_time = 1.0E9, expected a number from 1.0E-6 to 1000000.0
            "psnr_db" : 40.0 | "psnr_db" : -1   | has psnr_db = -1, expected a number from 0.0 to 200.0
            "ms_step"        | "ms_steps"       | , batches[0], full has no ms_step, expected a number
            "ms_runs" : [ 8000.0, 8160.0 ] | "ms_runs" : [] | full has ms_runs = a list, expected a list of numbers above 0
            "ms_runs" : [ 8000.0, 8160.0 ] | "ms_runs" : [ 8000.0, 0 ] | expected a list of numbers above 0
            "ms_runs" : [ 8000.0, 8160.0 ] | "ms_runs" : [ 8000.0, 1e999 ] | expected a list of numbers above 0
            "rounds" : 2     | "rounds" : 0     | has rounds = 0, expected a whole number from 1 on
            """)
    void saysWhatIsWrongWithModels(String found, String replaced, String sentence) throws IOException {
        String good = Results.models(8).json();
        assertThat(good).contains(found);
        Path file = file(good.replace(found, replaced));

        assertThatExceptionOfType(ResultException.class)
                .isThrownBy(() -> Measured.read(file))
                .withMessageContaining(sentence);
    }

    @Test
    void saysThatAFileIsMissingOrNoJson() {
        assertThatExceptionOfType(CheckpointException.class)
                .isThrownBy(() -> Measured.read(folder.resolve("none.json")))
                .withMessageEndingWith("none.json does not exist");
        assertThatExceptionOfType(CheckpointException.class)
                .isThrownBy(() -> Measured.read(file("PNG")))
                .withMessageContaining("is not valid JSON");
        assertThatExceptionOfType(ResultException.class)
                .isThrownBy(() -> Measured.read(file("[]")))
                .withMessageEndingWith("is a list, expected a JSON object");
    }

    /** Whatever is done to a file: it is read, or refused in one sentence. */
    @Test
    void damagedFilesAreReadOrRefused() throws IOException {
        long seed = Long.getLong("clusca.seed", System.nanoTime());
        Random random = new Random(seed);
        String characters = "0123456789-+eE.,:{}[]\"ntf\\ \u0000\ud83d";
        for (int run = 0; run < 500; run++) {
            StringBuilder text =
                    new StringBuilder(random.nextBoolean() ? Results.models(1).json() : Results.kernels(GEMM));
            for (int edit = random.nextInt(3); edit >= 0; edit--) {
                int at = random.nextInt(text.length());
                char c = characters.charAt(random.nextInt(characters.length()));
                switch (random.nextInt(3)) {
                    case 0 -> text.insert(at, c);
                    case 1 -> text.setCharAt(at, c);
                    default -> text.delete(at, at + 1 + random.nextInt(20));
                }
            }
            Path file = file(text.toString());
            try {
                assertThat(Measured.read(file)).isNotNull();
            } catch (ResultException | CheckpointException e) {
                assertThat(e.getMessage().lines()).as("seed %d, %s", seed, e).hasSize(1);
            }
        }
    }

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("result.json"), text.replace("\ud83d", "?"));
    }
}
