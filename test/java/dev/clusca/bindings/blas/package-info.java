@NullMarked
package dev.clusca.bindings.blas;

import org.jspecify.annotations.NullMarked;
