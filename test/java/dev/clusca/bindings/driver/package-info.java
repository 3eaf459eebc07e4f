@NullMarked
package dev.clusca.bindings.driver;

import org.jspecify.annotations.NullMarked;
