@NullMarked
package dev.clusca.backend.reference;

import org.jspecify.annotations.NullMarked;
