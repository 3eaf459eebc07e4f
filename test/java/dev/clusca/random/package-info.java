@NullMarked
package dev.clusca.random;

import org.jspecify.annotations.NullMarked;
