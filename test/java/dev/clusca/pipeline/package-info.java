@NullMarked
package dev.clusca.pipeline;

import org.jspecify.annotations.NullMarked;
