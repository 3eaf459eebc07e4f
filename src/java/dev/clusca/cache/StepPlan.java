package dev.clusca.cache;

import dev.clusca.tensor.Tensor;

/**
 * How a model is evaluated step by step under a policy: full steps fill the caches, cached steps read them. A plan owns what the policy remembers, for one batch and one
 * run.
 */
public interface StepPlan {
    /**
     * Enqueues one evaluation of the model: {@code output = model(images)} at the step that the step table's cursor selects.
     *
     * @param step how many steps ran before; called with 0, 1, 2, ... once each
     * @param images F32: of a DiT {@code [B, channels, h, w]}, of FLUX {@code [1, image tokens, channels]}
     * @param output F32: {@code [R, output channels, h, w]}, or {@code [1, image tokens, output channels]}
     */
    void run(int step, Tensor images, Tensor output);
}
