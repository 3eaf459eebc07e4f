/*
 * Memory for tensors: aligned to 64 bytes; from HUGE on in pages of its own, aligned to 2 MiB and marked for huge pages, which spares address translation
 * in streaming passes and goes back to the system when freed.
 */
#define _DEFAULT_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define EXPORT __attribute__((visibility("default")))

static const uint64_t HUGE = (uint64_t)2 << 20;

static uint64_t pages(uint64_t bytes) {
    return (bytes + 4095) & ~(uint64_t)4095;
}

/* NULL if there is not enough memory. */
EXPORT void *clusca_cpu_allocate(uint64_t bytes) {
    if (bytes < HUGE) {
        void *small = NULL;
        return posix_memalign(&small, 64, bytes > 0 ? bytes : 1) == 0 ? small : NULL;
    }
    uint64_t size = pages(bytes);
    uint64_t reserved = size + HUGE;
    char *start = mmap(NULL, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) {
        return NULL;
    }
    uint64_t before = (HUGE - (uintptr_t)start % HUGE) % HUGE;
    if (before > 0) {
        munmap(start, before);
    }
    munmap(start + before + size, reserved - before - size);
    madvise(start + before, size, MADV_HUGEPAGE);
    return start + before;
}

/* `bytes` as given to clusca_cpu_allocate. */
EXPORT void clusca_cpu_free(void *memory, uint64_t bytes) {
    if (bytes < HUGE) {
        free(memory);
    } else {
        munmap(memory, pages(bytes));
    }
}
