@NullMarked
package dev.clusca.backend;

import org.jspecify.annotations.NullMarked;
