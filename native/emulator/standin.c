/*
 * The stand-in libcuda.so.1: the CUDA driver's functions, forwarded to whoever installs itself.
 *
 * It carries the driver's soname, so a process that loaded it by its path satisfies every later wish for libcuda.so.1 (that of JCuda's own
 * library, say) with it. It holds no state but the functions that it forwards to: what a call does is written in Java, in
 * dev.clusca.emulator.driver. Every parameter of the forwarded calls is an integer or a pointer, so their kinds (calls.txt) say all that
 * the calling convention needs, and nothing is taken from NVIDIA's headers.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

enum { SUCCESS = 0, INVALID_VALUE = 1, NOT_INITIALIZED = 3, NOT_FOUND = 500, NOT_SUPPORTED = 801 };

typedef uint64_t L;
typedef uint32_t I;
typedef uint16_t S;
typedef uint8_t B;

/* One exported driver call. */
struct call {
    const char *name;
    void *function;
};

typedef void *(*resolver)(const char *name);

static resolver resolve;

/* The function behind a call, asked for when the call is made for the first time: to make one takes Java milliseconds. */
static void *behind(void **known, const char *name) {
    void *function = __atomic_load_n(known, __ATOMIC_ACQUIRE);
    if (function == NULL && resolve != NULL) {
        function = resolve(name);
        __atomic_store_n(known, function, __ATOMIC_RELEASE);
    }
    return function;
}

#include "exports.inc"

static const size_t count = sizeof calls / sizeof *calls;

static const struct call *find(const char *name) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(calls[i].name, name) == 0) {
            return &calls[i];
        }
    }
    return NULL;
}

/*
 * Says who knows the functions behind the calls. The resolver gives the same function however often it is asked, and null for one that it
 * cannot make. To be called before anyone else calls the driver.
 */
EXPORT void clusca_standin_install(resolver with) { resolve = with; }

/*
 * Answers with the newest variant of a call that is exported: "cuMemAlloc" gives cuMemAlloc_v2. The version and the flags asked for do not
 * change the answer, since no call has two variants here that a caller could tell apart by them but cuEventElapsedTime, whose two are alike.
 */
EXPORT I cuGetProcAddress_v2(const char *symbol, void **function, int version, uint64_t flags, int *status) {
    static const char *const variants[] = {"_v3", "_v2", ""};
    (void)version;
    (void)flags;
    char name[128];
    if (symbol == NULL || function == NULL || strlen(symbol) + 4 > sizeof name) {
        return INVALID_VALUE;
    }
    *function = NULL;
    for (size_t i = 0; i < sizeof variants / sizeof *variants && *function == NULL; i++) {
        strcpy(name, symbol);
        strcat(name, variants[i]);
        const struct call *call = find(name);
        if (call != NULL) {
            *function = call->function;
        }
    }
    if (*function == NULL && strcmp(symbol, "cuGetProcAddress") == 0) {
        *function = (void *)cuGetProcAddress_v2;
    }
    if (status != NULL) {
        *status = *function == NULL ? 1 : 0; /* CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND, ..._SUCCESS */
    }
    return *function == NULL ? NOT_FOUND : SUCCESS;
}
