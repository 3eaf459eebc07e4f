package dev.clusca.cache;

import dev.clusca.model.flux.FluxForward;
import dev.clusca.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * FLUX's steps. In the published order a cached step forecasts everything that a full step computes, the text too.
 *
 * <pre>
 *   image, text = embed                          a cached step
 *   for each double block                        (blocks of a stream do not see the other's: no attention is computed)
 *     image += forecasts of attention and MLP, representatives recomputed (ClusCa)
 *     text += the same; its representatives spread to nobody
 *   for each single block
 *     text, image += forecast
 *   output = final(image)
 * </pre>
 *
 * <p>What becomes of the text in a cached step reaches no image: tokens meet in attention alone, and the next full step begins with the embedded text. Nor does it reach a later ladder of the image, so the
 * fast order leaves the text out, and caches the image's tokens of the single blocks alone; every sample is the same.
 */
final class FluxPlan implements StepPlan {
    private final FluxForward pass;
    private final List<StepKind> kinds;
    private final StreamCache image;
    private final StreamCache text;
    private final @Nullable SingleLadders singles;
    private final boolean forecastsText;

    /**
     * @param kinds the policy's schedule for this run
     * @param image of the image's stream
     * @param text of the text's stream
     * @param singles of the single blocks, null for a run without cached steps
     * @param forecastsText whether cached steps forecast the text, too
     */
    FluxPlan(
            FluxForward pass,
            List<StepKind> kinds,
            StreamCache image,
            StreamCache text,
            @Nullable SingleLadders singles,
            boolean forecastsText) {
        this.pass = pass;
        this.kinds = kinds;
        this.image = image;
        this.text = text;
        this.singles = singles;
        this.forecastsText = forecastsText;
    }

    /** The sampler counts up: a step's index is its place. */
    @Override
    public void run(int step, Tensor images, Tensor output) {
        pass.embedImage(images);
        if (kinds.get(step) == StepKind.FULL || singles == null) {
            full(step);
        } else {
            cached(step, singles);
        }
        pass.finish(output);
    }

    private void full(int step) {
        pass.embedText();
        for (int layer = 0; layer < image.layers; layer++) {
            pass.attend(layer);
            image.attention(layer, pass.attended(FluxForward.Part.IMAGE));
            text.attention(layer, pass.attended(FluxForward.Part.TEXT));
            image.mlp(layer);
            text.mlp(layer);
        }
        image.filled(step);
        text.filled(step);
        for (int layer = 0; layer < pass.model().config().depthSingleBlocks(); layer++) {
            pass.single(layer);
            if (singles == null) {
                pass.addSingle(layer, FluxForward.Part.ALL, null);
            } else {
                singles.add(layer);
            }
        }
    }

    private void cached(int step, SingleLadders filled) {
        image.forecast(step);
        if (forecastsText) {
            pass.embedText();
            text.forecast(step);
            filled.forecastEach();
        } else {
            filled.forecastAll();
        }
    }
}
