/** Charts of result files, drawn with XChart, which only the command line brings along. */
@NullMarked
package dev.clusca.measure.plot;

import org.jspecify.annotations.NullMarked;
