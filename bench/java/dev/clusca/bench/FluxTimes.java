package dev.clusca.bench;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.cache.CachePolicy;
import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.checkpoint.RandomFlux;
import dev.clusca.model.flux.FluxModel;
import dev.clusca.pipeline.FluxPrompt;
import dev.clusca.pipeline.FluxSampling;
import dev.clusca.pipeline.RunMetrics;
import dev.clusca.sampler.FlowMatching;
import dev.clusca.tensor.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@link DitTimes} of a slice of FLUX.1: one picture with 512 text tokens, random weights.
 *
 * <pre>
 *   java -cp clusca-bench.jar dev.clusca.bench.FluxTimes MODEL DTYPE ROWS BACKEND THREADS STEPS POLICY
 *   MODEL   flux-dev/1+2/512: double and single blocks, and the side of the picture in pixels
 *   ROWS    1
 * </pre>
 */
public final class FluxTimes {
    /** What such a model is called. */
    static final Pattern NAME = Pattern.compile("(flux-dev|flux-schnell)/(\\d+)\\+(\\d+)/(\\d+)");

    private FluxTimes() {}

    static void main(String[] args) throws IOException {
        Matcher name = NAME.matcher(args.length == 7 ? args[0] : "");
        if (!name.matches() || !args[2].equals("1")) {
            throw new IllegalArgumentException(
                    "expected MODEL DTYPE 1 BACKEND THREADS STEPS POLICY, as flux-dev/1+2/512 f32 1 cpu 2 50 full, got "
                            + Arrays.toString(args));
        }
        FluxConfig config = FluxConfig.published(name.group(1))
                .orElseThrow()
                .withBlocks(Integer.parseInt(name.group(2)), Integer.parseInt(name.group(3)));
        int side = Integer.parseInt(name.group(4)) / FluxConfig.TOKEN_PIXELS;
        CachePolicy policy = CachePolicy.parse(args[6]);
        try (Backend backend = Backends.require(args[3], new BackendOptions(Integer.parseInt(args[4])));
                Arena arena = Arena.ofShared()) {
            FluxModel model = new FluxModel(
                    new RandomFlux(config, 1), backend, arena, DType.valueOf(args[1].toUpperCase(Locale.ROOT)));
            System.gc();
            FluxSampling sampling = new FluxSampling(model)
                    .flow(FlowMatching.shifted(Integer.parseInt(args[5]), side * side))
                    .policy(policy);
            FluxPrompt prompt = FluxPrompt.random(config, FluxConfig.TEXT_TOKENS, 1);
            if (!args[3].equals("cpu")) {
                sampling.run(prompt, side, side); // as DitTimes does
            }
            RunMetrics run = sampling.run(prompt, side, side).metrics();
            System.out.println(DitTimes.line(args, 1, policy, backend, run));
        }
    }
}
