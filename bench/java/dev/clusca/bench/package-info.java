/** What clusca costs on the host, measured by JMH, and whole models beside PyTorch. */
@NullMarked
package dev.clusca.bench;

import org.jspecify.annotations.NullMarked;
