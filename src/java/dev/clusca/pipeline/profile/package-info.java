/** Where the time of a step goes: every operation timed on the device, beside the bytes and operations that its contract needs and what this machine can do. */
@NullMarked
package dev.clusca.pipeline.profile;

import org.jspecify.annotations.NullMarked;
