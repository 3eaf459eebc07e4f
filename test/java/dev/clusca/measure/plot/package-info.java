@NullMarked
package dev.clusca.measure.plot;

import org.jspecify.annotations.NullMarked;
