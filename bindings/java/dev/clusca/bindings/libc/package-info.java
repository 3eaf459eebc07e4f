/** The few calls into the C library that the gates need. */
@NullMarked
package dev.clusca.bindings.libc;

import org.jspecify.annotations.NullMarked;
