/** What models have in common: {@link dev.clusca.model.TokenStream}, a stream of tokens on its way through blocks. Each model has a package of its own. */
@NullMarked
package dev.clusca.model;

import org.jspecify.annotations.NullMarked;
