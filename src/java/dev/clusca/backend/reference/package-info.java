/** The operations in plain Java, written from their formulas with double accumulation: the oracle of every other backend, and what runs on any platform. */
@NullMarked
package dev.clusca.backend.reference;

import org.jspecify.annotations.NullMarked;
