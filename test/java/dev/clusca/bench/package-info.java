@NullMarked
package dev.clusca.bench;

import org.jspecify.annotations.NullMarked;
