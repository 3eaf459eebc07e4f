/**
 * Weights on disk: safetensors files and their shards, memory-mapped; published names and configurations of DiT, FLUX and the autoencoder; diffusers' folders; and random weights of
 * any size.
 *
 * <p>{@link dev.clusca.checkpoint.Safetensors} opens and writes files, {@link dev.clusca.checkpoint.DitCheckpoint} finds a whole DiT in one.
 */
@NullMarked
package dev.clusca.checkpoint;

import org.jspecify.annotations.NullMarked;
