/**
 * The Diffusion Transformer (Peebles and Xie, "Scalable Diffusion Models with Transformers", ICCV 2023) in plain Java over {@link dev.clusca.backend.Ops}: weights
 * ({@link dev.clusca.model.dit.DitModel}) and the parts of a forward pass ({@link dev.clusca.model.dit.DitForward}). It knows no cache.
 */
@NullMarked
package dev.clusca.model.dit;

import org.jspecify.annotations.NullMarked;
