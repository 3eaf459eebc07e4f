package dev.clusca.pipeline;

/**
 * A text as FLUX takes it, made by text encoders outside of this library.
 *
 * @param tokens T5's output, {@code tokens * contextInDim} numbers, token after token
 * @param vector CLIP's pooled output, {@code vecInDim} numbers
 */
public record FluxPrompt(float[] tokens, float[] vector) {
    public FluxPrompt {
        tokens = tokens.clone();
        vector = vector.clone();
    }

    @Override
    public float[] tokens() {
        return tokens.clone();
    }

    @Override
    public float[] vector() {
        return vector.clone();
    }
}
