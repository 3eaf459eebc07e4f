/** From a model, a sampler and a policy to images: sampling, its metrics and reports, pictures and their quality. */
@NullMarked
package dev.clusca.pipeline;

import org.jspecify.annotations.NullMarked;
