/** {@code clusca bench}: how fast are single pieces? {@link dev.clusca.cli.bench.BenchCommand} holds a command for each kind of measurement. */
@NullMarked
package dev.clusca.cli.bench;

import org.jspecify.annotations.NullMarked;
