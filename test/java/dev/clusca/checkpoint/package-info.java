@NullMarked
package dev.clusca.checkpoint;

import org.jspecify.annotations.NullMarked;
