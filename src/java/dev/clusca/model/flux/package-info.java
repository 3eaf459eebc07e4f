/**
 * FLUX (Black Forest Labs, 2024) in plain Java over {@link dev.clusca.backend.Ops}: weights ({@link dev.clusca.model.flux.FluxModel}) and the parts of a forward pass
 * ({@link dev.clusca.model.flux.FluxForward}). It knows no cache.
 */
@NullMarked
package dev.clusca.model.flux;

import org.jspecify.annotations.NullMarked;
