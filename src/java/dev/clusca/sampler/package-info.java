/** From a model's output to the next sample: DDIM and DDPM over DiT's noise schedule, and Euler steps along FLUX's flow. */
@NullMarked
package dev.clusca.sampler;

import org.jspecify.annotations.NullMarked;
