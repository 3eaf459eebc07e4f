/** {@code clusca bench}: measures, and draws what was measured. One class a subcommand. */
@NullMarked
package dev.clusca.cli.bench;

import org.jspecify.annotations.NullMarked;
