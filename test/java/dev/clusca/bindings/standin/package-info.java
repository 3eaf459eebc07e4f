/** Tests of the stand-in driver's way into Java. */
@NullMarked
package dev.clusca.bindings.standin;

import org.jspecify.annotations.NullMarked;
