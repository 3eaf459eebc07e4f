@NullMarked
package dev.clusca.cli;

import org.jspecify.annotations.NullMarked;
