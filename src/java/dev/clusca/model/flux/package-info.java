/** Parts of FLUX (Black Forest Labs, 2024) in plain Java: so far where its tokens lie. */
@NullMarked
package dev.clusca.model.flux;

import org.jspecify.annotations.NullMarked;
