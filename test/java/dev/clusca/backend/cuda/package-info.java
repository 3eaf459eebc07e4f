/** Tests of the CUDA driver layer. */
@org.jspecify.annotations.NullMarked
package dev.clusca.backend.cuda;
