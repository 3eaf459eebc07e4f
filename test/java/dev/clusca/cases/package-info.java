@NullMarked
package dev.clusca.cases;

import org.jspecify.annotations.NullMarked;
