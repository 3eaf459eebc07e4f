/**
 * Gates to native libraries: each library is found, checked and loaded here, and nowhere else.
 *
 * <p>A gate is a {@link dev.clusca.bindings.NativeLibrary}: ask {@code isAvailable()}, read {@code unavailabilityCause()}, or insist with
 * {@code ensureAvailable()}. The packages below this one hold what {@code jextract} generated, one package per library, and small
 * hand-written downcalls. A generated class may be touched only after its gate has opened, because its first use of a function that the
 * library lacks makes that class unusable for the life of the process.
 */
@NullMarked
package dev.clusca.bindings;

import org.jspecify.annotations.NullMarked;
