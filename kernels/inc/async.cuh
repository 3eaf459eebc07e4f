// Copies from global to shared memory that run beside the computation: 16 bytes each, past the registers and L1.
#pragma once
#include "types.cuh"

DEV void copyAsync(void* target, const void* source) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"((u32)__cvta_generic_to_shared(target)), "l"(source) : "memory");
}

// The same where `there` says so, and zeros elsewhere: the source is then not read.
DEV void copyAsync(void* target, const void* source, bool there) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"((u32)__cvta_generic_to_shared(target)), "l"(source), "r"(there ? 16 : 0) : "memory");
}

// Ends a group of copies.
DEV void commitCopies() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Waits for this thread's groups except the newest `Newer`.
template <int Newer>
DEV void awaitCopies() {
    asm volatile("cp.async.wait_group %0;" ::"n"(Newer) : "memory");
}
