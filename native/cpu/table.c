/* One level's kernels as a table, for dispatch.c. */
#include "level.h"

#define CLUSCA_TEXT_(name) #name
#define CLUSCA_TEXT(name) CLUSCA_TEXT_(name)

extern const struct kernels CLUSCA_JOIN(kernels, LEVEL);

const struct kernels CLUSCA_JOIN(kernels, LEVEL) = {
        CLUSCA_TEXT(LEVEL),
#define CLUSCA_ENTRY(name, parameters, arguments) KERNEL(name),
        CLUSCA_KERNELS(CLUSCA_ENTRY)
#undef CLUSCA_ENTRY
};
