/**
 * Trained weights on disk: safetensors files, memory-mapped; the published names of a DiT's tensors; its configuration.
 *
 * <p>{@link dev.clusca.checkpoint.Safetensors} opens and writes files, {@link dev.clusca.checkpoint.DitCheckpoint} finds a whole DiT in one.
 */
@NullMarked
package dev.clusca.checkpoint;

import org.jspecify.annotations.NullMarked;
