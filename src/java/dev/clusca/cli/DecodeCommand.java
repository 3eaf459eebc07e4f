package dev.clusca.cli;

import dev.clusca.backend.Backend;
import dev.clusca.checkpoint.Json;
import dev.clusca.checkpoint.VaeCheckpoint;
import dev.clusca.model.vae.VaeModel;
import dev.clusca.pipeline.LatentDecoder;
import dev.clusca.pipeline.Latents;
import dev.clusca.pipeline.Montage;
import dev.clusca.pipeline.Npz;
import dev.clusca.pipeline.Picture;
import dev.clusca.pipeline.Png;
import dev.clusca.pipeline.Report;
import dev.clusca.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code decode}: pictures of latents that were saved. */
@Command(
        name = "decode",
        header = "Makes pictures of latents that sample or flux saved.",
        description = "",
        abbreviateSynopsis = true,
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  ./clusca sample --model DiT-XL-2-256 --classes otter --latents otter.safetensors",
            "  ./clusca decode otter.safetensors --vae DiT-XL-2-256 --out otter.png"
        })
final class DecodeCommand implements Callable<Integer> {
    private final Session session;

    @Spec
    private CommandSpec spec;

    @Mixin
    private DeviceOptions device;

    @Mixin
    private OutputOptions output;

    @Parameters(
            paramLabel = "FILE",
            description =
                    "The latents: a safetensors file with 'samples' [images, channels, h, w], as --latents writes it.")
    private Path latents;

    @Option(
            names = "--vae",
            required = true,
            paramLabel = "PATH",
            description =
                    "The autoencoder that the model was trained with: a folder with config.json and safetensors weights, diffusers' names, or the folder of a pipeline that has it in vae/. Required.")
    private Path vae;

    @Option(names = "--out", paramLabel = "FILE", description = "Write the pictures to this PNG, several in a grid.")
    private @Nullable Path out;

    @Option(
            names = "--npz",
            paramLabel = "FILE",
            description =
                    "Write the pictures to this .npz: arr_0, uint8 [N, H, W, 3], as the ADM evaluation suite reads.")
    private @Nullable Path npz;

    DecodeCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        if (out == null && npz == null) {
            throw Usage.refuse(spec, "the pictures would be lost; name a file with --out or --npz");
        }
        OutputFiles files = OutputFiles.of(spec)
                .reads("FILE", latents)
                .reads("--vae", vae)
                .writesPicture("--out", out)
                .writes("--npz", npz);
        Latents samples = Latents.read(latents);
        int channels = samples.shape().size(1);
        try (VaeCheckpoint checkpoint = Usage.of(
                        spec, () -> Autoencoder.open(vae, config -> LatentDecoder.checkFits(config, channels)));
                Backend backend = device.open();
                Arena arena = Arena.ofShared()) {
            files.reads("--vae", checkpoint.files());
            List<Picture> pictures = pictures(samples, new VaeModel(checkpoint, backend, arena, device.dtype()));
            write(pictures, samples.settings());
            tell(pictures, files);
        }
        return 0;
    }

    private List<Picture> pictures(Latents samples, VaeModel decoding) {
        Shape shape = samples.shape();
        float[] values = samples.values();
        List<Picture> pictures = new ArrayList<>();
        try (LatentDecoder decoder = new LatentDecoder(decoding, shape.size(1), shape.size(2), shape.size(3))) {
            for (int image = 0; image < shape.size(0); image++) {
                session.checkCancelled();
                pictures.add(decoder.decode(values, image));
            }
        }
        return pictures;
    }

    private void tell(List<Picture> pictures, OutputFiles files) {
        Picture first = pictures.getFirst();
        if (output.json()) {
            Map<String, Object> report = new LinkedHashMap<>();
            report.put("schema", Report.SCHEMA);
            report.put("report", "decode");
            report.put("latents", latents.toString());
            report.put("pictures", pictures.size());
            report.put("height", first.height());
            report.put("width", first.width());
            session.print(Json.pretty(report));
        }
        if (output.text()) {
            session.printf(
                    "%d picture%s of %d x %d pixels%n",
                    pictures.size(), pictures.size() == 1 ? "" : "s", first.height(), first.width());
            files.print(session);
        }
    }

    /** The picture says of how it was made what the latents say, and who decoded them. */
    private void write(List<Picture> pictures, Map<String, String> settings) throws IOException {
        if (out != null) {
            Map<String, String> texts = MadeBy.with(MadeBy.ofLatents(settings), "vae", MadeBy.end(vae));
            texts = MadeBy.with(texts, "vae dtype", device.dtype().label());
            Png.write(Montage.grid(pictures), texts, out);
        }
        if (npz != null) {
            Npz.write(npz, pictures.size(), pictures::get);
        }
    }
}
