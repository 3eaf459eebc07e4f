package dev.clusca.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DitConfigTest {
    private static final Path GOLDEN = Path.of(System.getProperty("clusca.golden"));

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "S/2,256,384,12,6,256",
        "B/4,256,768,12,12,64",
        "L/8,512,1024,24,16,64",
        "XL/2,256,1152,28,16,256",
        "dit-xl/2,512,1152,28,16,1024"
    })
    void knowsThePublishedSizes(String name, int image, int hidden, int depth, int heads, int tokens) {
        DitConfig config = DitConfig.of(name, image);
        assertThat(config.hiddenSize()).isEqualTo(hidden);
        assertThat(config.depth()).isEqualTo(depth);
        assertThat(config.numHeads()).isEqualTo(heads);
        assertThat(config.tokens()).isEqualTo(tokens);
        assertThat(config.inputSize()).isEqualTo(image / 8);
        assertThat(config.outChannels()).isEqualTo(8);
        assertThat(config.mlpWidth()).isEqualTo(4 * hidden);
        assertThat(config.labels()).isEqualTo(1001);
    }

    @Test
    void refusesSizesThatWereNotPublished() {
        assertThatThrownBy(() -> DitConfig.of("M/2", 256))
                .hasMessageContaining("'M/2'")
                .hasMessageContaining("S, B, L or XL");
        assertThatThrownBy(() -> DitConfig.of("XL/3", 256)).hasMessageContaining("'XL/3'");
        assertThatThrownBy(() -> DitConfig.of("XL/2", 100))
                .hasMessageContaining("image size 100 is not a positive multiple of 8");
        assertThatThrownBy(() -> DitConfig.of("XL/8", 72))
                .hasMessageContaining("inputSize 9 is not a multiple of patchSize 8");
    }

    @Test
    void readsTheDemoModelsConfiguration() {
        DitConfig config =
                DitConfig.fromJson(Path.of(System.getProperty("clusca.root"), "models/shapes-dit/config.json"));
        assertThat(config)
                .isEqualTo(new DitConfig(
                        64,
                        4,
                        3,
                        192,
                        8,
                        3,
                        4.0,
                        10,
                        true,
                        true,
                        1e-6,
                        0,
                        3,
                        true,
                        List.of(
                                "circle",
                                "square",
                                "triangle",
                                "ring",
                                "star",
                                "cross",
                                "heart",
                                "crescent",
                                "striped disc",
                                "checkerboard square")));
        assertThat(config.headDim()).isEqualTo(64);
    }

    @Test
    void readsDiffusersConfiguration() {
        assertThat(DitConfig.fromJson(GOLDEN.resolve("dit-diffusers/transformer/config.json")))
                .isEqualTo(new DitConfig(16, 2, 4, 72, 3, 1, 4.0, 10, true, true, 1e-5, 1, 4, false, List.of()));
    }

    @Test
    void readsTheConfigurationOfAPublishedDiffusersModelWithItsNeutralFields() throws IOException {
        Path file = write(
                "{\"_class_name\": \"Transformer2DModel\", \"_diffusers_version\": \"0.12.0\", \"activation_fn\": \"gelu-approximate\", \"attention_bias\": true,"
                        + " \"attention_head_dim\": 72, \"cross_attention_dim\": null, \"dropout\": 0.0, \"in_channels\": 4, \"norm_elementwise_affine\": false, \"norm_eps\": 1e-05,"
                        + " \"norm_num_groups\": 32, \"norm_type\": \"ada_norm_zero\", \"num_attention_heads\": 16, \"num_embeds_ada_norm\": 1000, \"num_layers\": 28,"
                        + " \"only_cross_attention\": false, \"out_channels\": 8, \"patch_size\": 2, \"sample_size\": 32, \"upcast_attention\": false}");
        DitConfig config = DitConfig.fromJson(file);
        assertThat(config.hiddenSize()).isEqualTo(1152);
        assertThat(config.depth()).isEqualTo(28);
    }

    @Test
    void readsGoldenMetadata() {
        try (Checkpoint forward = Safetensors.open(GOLDEN.resolve("dit/dit-forward.safetensors"))) {
            assertThat(DitConfig.fromMetadata(forward.metadata(), forward.source()))
                    .isEqualTo(new DitConfig(16, 2, 4, 144, 4, 2, 4.0, 10, true, true, 1e-6, 0, 3, false, List.of()));
            Map<String, String> metadata = new HashMap<>(forward.metadata());
            metadata.put("class_dropout_prob", "0.0");
            metadata.put("learn_sigma", "False");
            DitConfig plain = DitConfig.fromMetadata(metadata, "it");
            assertThat(plain.labels()).isEqualTo(10);
            assertThat(plain.outChannels()).isEqualTo(4);
            metadata.remove("depth");
            assertThatThrownBy(() -> DitConfig.fromMetadata(metadata, "it"))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessage("the metadata of it has no field depth");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"hidden_size\": 8|\"hidden_size\": 8.5|hidden_size = '8.5', expected a whole number",
                "\"hidden_size\": 8|\"hidden_size\": 6|hiddenSize 6 is not a multiple of 4",
                "\"hidden_size\": 8|\"hidden_size\": -8|hiddenSize is -8, expected 1 to",
                "\"hidden_size\": 8|\"hidden_size\": 99999999999|hidden_size = '99999999999', expected a whole number",
                "\"hidden_size\": 8|\"width\": 8|unknown fields 'width'; known are class_dropout_prob, depth",
                "\"depth\": 2|\"depth\": \"2\"|depth = '2', expected a whole number",
                "\"depth\": 2|\"depth\": 2, \"depth\": 3|the key 'depth' twice",
                "\"num_heads\": 2|\"num_heads\": 3|hiddenSize 8 is not a multiple of numHeads 3",
                "\"learn_sigma\": true|\"learn_sigma\": 1|learn_sigma = '1', expected true or false",
                "\"mlp_ratio\": 4.0|\"mlp_ratio\": 0|mlpRatio 0.0",
                "[\"a\", \"b\"]|[\"a\", 2]|class_names = '[a, 2]', expected a list of texts",
                "[\"a\", \"b\"]|[\"a\"]|1 classNames for 2 classes",
                "\"null_class_index\": 2|\"null_class_index\": 3|null_class_index 3, but the null class of 2 classes is 2",
                "\"cfg_channels\": 3}|\"cfg_channels\": 3}, \"pixel_space\": true|inChannels is 4 of a model of pixels, expected 3: red, green and blue",
                "\"cfg_channels\": 3|\"cfg_channels\": 5|cfgChannels is 5, expected 1 to inChannels, 4",
                "}}|}|not valid JSON",
            })
    void saysWhatIsWrong(String right, String wrong, String error) throws IOException {
        String good =
                "{\"constructor\": {\"input_size\": 4, \"patch_size\": 2, \"in_channels\": 4, \"hidden_size\": 8, \"depth\": 2, \"num_heads\": 2, \"mlp_ratio\": 4.0,"
                        + " \"num_classes\": 2, \"learn_sigma\": true}, \"class_names\": [\"a\", \"b\"], \"null_class_index\": 2, \"diffusion\": {\"cfg_channels\": 3}}";
        DitConfig.fromJson(write(good));
        Path file = write(good.replace(right, wrong));
        assertThatThrownBy(() -> DitConfig.fromJson(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("config.json")
                .hasMessageContaining(error);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "ada_norm_zero|layer_norm|norm_type = 'layer_norm', expected ada_norm_zero",
                "\"num_attention_heads\": 1|\"num_attention_heads\": 1000000000|config.json has numbers that are too large for a model",
                "gelu-approximate|gelu|activation_fn = 'gelu', expected gelu-approximate",
                "\"out_channels\": 8|\"out_channels\": 6|out_channels = 6, expected in_channels, 4",
                "\"dropout\": 0.0|\"caption_channels\": 4096|unknown fields 'caption_channels'",
            })
    void refusesAnotherArchitectureUnderDiffusersNames(String right, String wrong, String error) throws IOException {
        String good = Files.readString(GOLDEN.resolve("dit-diffusers/transformer/config.json"));
        assertThat(good).contains(right);
        Path file = write(good.replace(right, wrong));
        assertThatThrownBy(() -> DitConfig.fromJson(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("config.json")
                .hasMessageContaining(error);
    }

    @Test
    void refusesFilesThatAreNoConfiguration() throws IOException {
        assertThatThrownBy(() -> DitConfig.fromJson(folder.resolve("absent.json")))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("absent.json does not exist");
        for (String text : List.of("", "[]", "3", "{}", "{\"model\": \"UNet\"}", "{} {}", "[".repeat(100_000))) {
            Path file = write(text);
            assertThatThrownBy(() -> DitConfig.fromJson(file))
                    .as(text.length() > 20 ? "deep" : text)
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("config.json");
        }
    }

    private Path write(String text) throws IOException {
        return Files.writeString(folder.resolve("config.json"), text);
    }
}
