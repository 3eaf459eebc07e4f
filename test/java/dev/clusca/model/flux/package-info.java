@NullMarked
package dev.clusca.model.flux;

import org.jspecify.annotations.NullMarked;
