/**
 * What a model computes with: {@link dev.clusca.backend.Backend} owns memory and an ordered queue of work, {@link dev.clusca.backend.Ops} are the operations,
 * {@link dev.clusca.backend.Backends} finds the backends of this machine and says why it chose one.
 */
@NullMarked
package dev.clusca.backend;

import org.jspecify.annotations.NullMarked;
