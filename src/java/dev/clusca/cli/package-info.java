/** The command line: one class a command, and what they share. Says everything in sentences, and ends with 0 (done), 1 (failed), 2 (wrong usage) or 130 (interrupted). */
@NullMarked
package dev.clusca.cli;

import org.jspecify.annotations.NullMarked;
