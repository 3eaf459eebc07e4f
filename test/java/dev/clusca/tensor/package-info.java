@NullMarked
package dev.clusca.tensor;

import org.jspecify.annotations.NullMarked;
