/**
 * Feature caching over sampling steps: a {@link dev.clusca.cache.CachePolicy} says what each step is, a {@link dev.clusca.cache.StepPlan} drives the model's parts
 * accordingly.
 */
@NullMarked
package dev.clusca.cache;

import org.jspecify.annotations.NullMarked;
