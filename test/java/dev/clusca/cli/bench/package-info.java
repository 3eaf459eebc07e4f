@NullMarked
package dev.clusca.cli.bench;

import org.jspecify.annotations.NullMarked;
