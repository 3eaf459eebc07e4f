/**
 * The decoder of Stable Diffusion's autoencoder (Rombach et al., "High-Resolution Image Synthesis with Latent Diffusion Models", CVPR 2022; diffusers' {@code AutoencoderKL}) in
 * plain Java over {@link dev.clusca.backend.Ops}: weights ({@link dev.clusca.model.vae.VaeModel}) and the way from latents to a picture
 * ({@link dev.clusca.model.vae.VaeDecoder}).
 */
@NullMarked
package dev.clusca.model.vae;

import org.jspecify.annotations.NullMarked;
