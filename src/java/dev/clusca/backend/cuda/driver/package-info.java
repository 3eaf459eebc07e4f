/** The calls of the CUDA driver that clusca makes, behind one interface with two providers: JCuda and FFM. */
@NullMarked
package dev.clusca.backend.cuda.driver;

import org.jspecify.annotations.NullMarked;
