/** Tests of the whole: architecture, repository, launcher, and programs that link the jars. */
@NullMarked
package dev.clusca;

import org.jspecify.annotations.NullMarked;
