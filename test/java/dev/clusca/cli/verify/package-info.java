@NullMarked
package dev.clusca.cli.verify;

import org.jspecify.annotations.NullMarked;
