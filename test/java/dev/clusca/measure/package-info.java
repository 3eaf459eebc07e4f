@NullMarked
package dev.clusca.measure;

import org.jspecify.annotations.NullMarked;
