/** From a model's output to the next sample: the noise schedule of DiT, DDIM and DDPM. */
@NullMarked
package dev.clusca.sampler;

import org.jspecify.annotations.NullMarked;
