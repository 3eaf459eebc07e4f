/** Tests of the CUDA driver's providers. */
@org.jspecify.annotations.NullMarked
package dev.clusca.backend.cuda.driver;
