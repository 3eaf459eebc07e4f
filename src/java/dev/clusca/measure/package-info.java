/** Measurements of whole models, and result files: a benchmark of every cache policy beside full computation, its tables, and what can be read back to be drawn. */
@NullMarked
package dev.clusca.measure;

import org.jspecify.annotations.NullMarked;
