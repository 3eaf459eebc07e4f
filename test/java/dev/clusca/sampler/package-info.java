@NullMarked
package dev.clusca.sampler;

import org.jspecify.annotations.NullMarked;
