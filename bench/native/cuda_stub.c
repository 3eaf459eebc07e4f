/*
 * A libcuda.so.1 that costs nothing: one device whose memory is the host's, where work runs at once and a launch does no more than read its arguments.
 *
 * The benchmark of launches measures the way into the driver with it, and tests of the driver layer plant failures with it. It knows two kernels by name, `scale` (y = a x) and
 * `fault` (which spoils the context), takes any other for empty, and learns parameters from the PTX text. It emulates no GPU: that is the emulator's job.
 *
 * Compiled with -DSTUB_WITHOUT_TENSOR_MAPS it is a driver from before CUDA 12.
 *
 * STUB_MEMORY: bytes of device memory, 64 MiB by default. STUB_VERSION: what cuDriverGetVersion says, 12060 by default.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int CUresult;
typedef unsigned long long CUdeviceptr;

enum {
  SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_DEVICE = 101, INVALID_CONTEXT = 201, INVALID_PTX = 218, INVALID_HANDLE = 400, NOT_FOUND = 500,
  ILLEGAL_ADDRESS = 700, NOT_SUPPORTED = 801, CAPTURE_UNSUPPORTED = 900, CAPTURE_INVALIDATED = 901, CAPTURE_UNMATCHED = 903
};
enum { MAX_PARAMETERS = 32, MAX_FUNCTIONS = 64, MAX_NODES = 4096, MAX_BLOCKS = 4096 };
enum { FUNCTION = 0x46554e43, MODULE = 0x4d4f4455, STREAM = 0x53545245, EVENT = 0x4556454e, GRAPH = 0x47524150, NODE = 0x4e4f4445, INSTANCE = 0x494e5354, CONTEXT = 0x434f4e54 };

typedef struct {
  int magic;
  char name[128];
  enum { EMPTY, SCALE, FAULT } kind;
  int parameters, offset[MAX_PARAMETERS], size[MAX_PARAMETERS], threads, dynamic;
} Function;
typedef struct { int magic, functions; Function function[MAX_FUNCTIONS]; } Module;
typedef struct {
  void *func;
  unsigned grid[3], block[3], shared;
  void **params, **extra;
  void *kern, *ctx;
} NodeParams;
typedef struct { int magic; Function *function; uint64_t argument[MAX_PARAMETERS]; } Node;
typedef struct { int magic, nodes; Node node[MAX_NODES]; } Graph;
typedef struct { int magic, capturing, spoilt; Graph *graph; } Stream;
typedef struct { int magic; double at; } Event;
typedef struct { int magic; Graph *origin; Graph copy; } Instance;
typedef struct { int magic, retained; } Context;

static Context primary = {CONTEXT, 0};
/* A lookup of the ordinary kind costs as much as the rest of a launch. */
#define PER_THREAD static _Thread_local __attribute__((tls_model("initial-exec")))
PER_THREAD Context *current[64];
PER_THREAD int depth;
static Stream legacy = {STREAM, 0, 0, NULL};
PER_THREAD Stream *capture;
static struct { char *at; size_t bytes; } blocks[MAX_BLOCKS];
static size_t in_use;
static CUresult sticky;
static volatile uint32_t sink;
static double ticks;

static size_t capacity(void) {
  const char *given = getenv("STUB_MEMORY");
  return given ? strtoull(given, NULL, 10) : (size_t)64 << 20;
}

static Stream *stream_of(void *handle) { return handle == NULL || (uintptr_t)handle <= 2 ? &legacy : handle; }
#define REQUIRE_CONTEXT() do { if (depth == 0) return INVALID_CONTEXT; if (sticky) return sticky; } while (0)
#define REQUIRE(object, kind) do { if ((object) == NULL || (object)->magic != (kind)) return INVALID_HANDLE; } while (0)
/* What waits or allocates must not be called while this thread captures. */
#define REQUIRE_NO_CAPTURE() do { if (capture) { capture->spoilt = 1; return CAPTURE_UNSUPPORTED; } } while (0)

/* ---- device and context ---- */
CUresult cuInit(unsigned flags) { (void)flags; return SUCCESS; }
CUresult cuDriverGetVersion(int *version) { const char *v = getenv("STUB_VERSION"); *version = v ? atoi(v) : 12060; return SUCCESS; }
CUresult cuDeviceGetCount(int *count) { *count = 1; return SUCCESS; }
CUresult cuDeviceGet(int *device, int ordinal) { *device = ordinal; return ordinal == 0 ? SUCCESS : INVALID_DEVICE; }
CUresult cuDeviceGetName(char *name, int length, int device) { (void)device; snprintf(name, length, "clusca stub"); return SUCCESS; }
CUresult cuDeviceTotalMem_v2(size_t *bytes, int device) { (void)device; *bytes = capacity(); return SUCCESS; }
CUresult cuDeviceGetAttribute(int *value, int attribute, int device) {
  (void)device;
  switch (attribute) {
    case 16: *value = 4; break;       /* multiprocessors */
    case 75: *value = 9; break;       /* compute capability */
    case 76: *value = 0; break;
    case 97: *value = 232448; break;  /* shared memory per block, opted in */
    default: *value = 1;
  }
  return SUCCESS;
}
CUresult cuDevicePrimaryCtxRetain(Context **context, int device) { (void)device; primary.retained++; *context = &primary; return SUCCESS; }
CUresult cuDevicePrimaryCtxRelease_v2(int device) { (void)device; return primary.retained-- > 0 ? SUCCESS : INVALID_CONTEXT; }
CUresult cuDevicePrimaryCtxGetState(int device, unsigned *flags, int *active) { (void)device; *flags = 0; *active = primary.retained; return SUCCESS; }
CUresult cuCtxPushCurrent_v2(Context *context) { REQUIRE(context, CONTEXT); current[depth++] = context; return SUCCESS; }
CUresult cuCtxPopCurrent_v2(Context **context) { if (depth == 0) return INVALID_CONTEXT; depth--; if (context) *context = current[depth]; return SUCCESS; }
CUresult cuCtxSetCurrent(Context *context) { if (depth == 0) depth = 1; current[depth - 1] = context; if (!context) depth--; return SUCCESS; }
CUresult cuCtxGetCurrent(Context **context) { *context = depth ? current[depth - 1] : NULL; return SUCCESS; }
CUresult cuCtxGetDevice(int *device) { if (depth == 0) return INVALID_CONTEXT; *device = 0; return SUCCESS; }
CUresult cuCtxSynchronize(void) { REQUIRE_CONTEXT(); REQUIRE_NO_CAPTURE(); return SUCCESS; }
CUresult cuGetErrorName(int error, const char **name) { *name = error == 226 ? "CUDA_ERROR_CONTAINED" : error == 205 ? "CUDA_ERROR_MAP_FAILED" : NULL; return *name ? SUCCESS : INVALID_VALUE; }
CUresult cuGetErrorString(int error, const char **text) { (void)error; *text = "a stub's error"; return SUCCESS; }

/* ---- modules ---- */
static int size_of(const char *type) {
  int bits = 0;
  while (*type && (*type < '0' || *type > '9')) type++;
  bits = atoi(type);
  return bits / 8;
}

static void learn(Function *f, const char *at) {
  const char *end = strchr(at, ')'), *body = strchr(at, '{');
  int offset = 0;
  const char *bound;
  for (const char *p = strstr(at, ".param"); p && p < end && f->parameters < MAX_PARAMETERS; p = strstr(p + 6, ".param")) {
    int size = size_of(strchr(p + 6, '.') + 1);
    offset = (offset + size - 1) / size * size;
    f->offset[f->parameters] = offset;
    f->size[f->parameters++] = size;
    offset += size;
  }
  bound = strstr(at, ".maxntid");
  f->threads = bound && bound < body ? atoi(bound + 8) : 1024;
}

CUresult cuModuleLoadDataEx(Module **module, const char *text, unsigned count, int *options, void **values) {
  REQUIRE_CONTEXT();
  REQUIRE_NO_CAPTURE();
  if (strstr(text, "not ptx")) {
    for (unsigned i = 0; i + 1 < count; i++)
      if (options[i] == 5) snprintf(values[i], (size_t)values[i + 1], "ptxas stub, line 4; error: Unknown symbol 'not'");
    return INVALID_PTX;
  }
  Module *m = calloc(1, sizeof *m);
  m->magic = MODULE;
  for (const char *p = strstr(text, ".entry"); p && m->functions < MAX_FUNCTIONS; p = strstr(p + 6, ".entry")) {
    Function *f = &m->function[m->functions++];
    f->magic = FUNCTION;
    sscanf(p + 6, " %127[A-Za-z0-9_]", f->name);
    f->kind = strcmp(f->name, "scale") == 0 ? SCALE : strcmp(f->name, "fault") == 0 ? FAULT : EMPTY;
    learn(f, p);
  }
  *module = m;
  return SUCCESS;
}
CUresult cuModuleLoadData(Module **module, const char *text) { return cuModuleLoadDataEx(module, text, 0, NULL, NULL); }
CUresult cuModuleUnload(Module *module) { REQUIRE_CONTEXT(); REQUIRE(module, MODULE); module->magic = 0; return SUCCESS; }
CUresult cuModuleGetFunction(Function **function, Module *module, const char *name) {
  REQUIRE_CONTEXT();
  REQUIRE(module, MODULE);
  for (int i = 0; i < module->functions; i++)
    if (strcmp(module->function[i].name, name) == 0) { *function = &module->function[i]; return SUCCESS; }
  return NOT_FOUND;
}
CUresult cuFuncGetAttribute(int *value, int attribute, Function *f) {
  REQUIRE(f, FUNCTION);
  *value = attribute == 0 ? f->threads : attribute == 8 ? f->dynamic : 0;
  return SUCCESS;
}
/* An attribute that no driver has is taken for the result that a test wants. */
CUresult cuFuncSetAttribute(Function *f, int attribute, int value) {
  REQUIRE(f, FUNCTION);
  if (attribute == 8) f->dynamic = value;
  return attribute > 100 ? attribute : SUCCESS;
}
CUresult cuFuncGetParamInfo(Function *f, size_t index, size_t *offset, size_t *size) {
  REQUIRE(f, FUNCTION);
  if (index >= (size_t)f->parameters) return INVALID_VALUE;
  *offset = f->offset[index];
  *size = f->size[index];
  return SUCCESS;
}
CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks_out, Function *f, int threads, size_t shared) {
  REQUIRE(f, FUNCTION); (void)shared;
  *blocks_out = 2048 / threads;
  return SUCCESS;
}

/* ---- launches ---- */
static CUresult run(Function *f, const uint64_t *argument) {
  if (f->kind == SCALE) {
    const float *x = (const float *)argument[0];
    float *y = (float *)argument[1], a;
    memcpy(&a, &argument[3], 4);
    for (int i = 0; i < (int)argument[2]; i++) y[i] = a * x[i];
  } else if (f->kind == FAULT) {
    sticky = ILLEGAL_ADDRESS;
  }
  return SUCCESS;
}

static void gather(Function *f, void **params, uint64_t *argument) {
  for (int i = 0; i < f->parameters; i++) {
    if (f->size[i] == 8) argument[i] = *(const uint64_t *)params[i];
    else if (f->size[i] == 4) argument[i] = *(const uint32_t *)params[i];
  }
}

CUresult cuLaunchKernel(Function *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, void *on, void **params, void **extra) {
  (void)shared; (void)extra;
  Stream *stream = stream_of(on);
  REQUIRE_CONTEXT();
  REQUIRE(f, FUNCTION);
  REQUIRE(stream, STREAM);
  if (!gx || !gy || !gz || bx * by * bz > (unsigned)f->threads) return INVALID_VALUE;
  if (stream->capturing) {
    Node *node = &stream->graph->node[stream->graph->nodes++];
    node->magic = NODE;
    node->function = f;
    gather(f, params, node->argument);
    return SUCCESS;
  }
  if (f->kind == EMPTY) {
    uint32_t sum = 0;
    for (int i = 0; i < f->parameters; i++) sum += *(const uint32_t *)params[i];
    sink = sum;
    return SUCCESS;
  }
  uint64_t argument[MAX_PARAMETERS];
  gather(f, params, argument);
  return run(f, argument);
}
CUresult cuLaunchCooperativeKernel(Function *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, void *on, void **params) {
  if (gx * gy * gz > 4 * 2048 / (bx * by * bz)) return 720;
  return cuLaunchKernel(f, gx, gy, gz, bx, by, bz, shared, on, params, NULL);
}
typedef struct { unsigned grid[3], block[3], shared; void *stream; void *attributes; unsigned count; } LaunchConfig;
typedef struct { int id, pad; int value[16]; } LaunchAttribute;
CUresult cuLaunchKernelEx(const LaunchConfig *c, Function *f, void **params, void **extra) {
  const LaunchAttribute *a = c->attributes;
  for (unsigned i = 0; i < c->count; i++)
    if (a[i].id == 4 && (a[i].value[0] > 8 || c->grid[0] % a[i].value[0])) return 912;
  return cuLaunchKernel(f, c->grid[0], c->grid[1], c->grid[2], c->block[0], c->block[1], c->block[2], c->shared, c->stream, params, extra);
}

/* ---- tensor maps: a descriptor is the arguments one after the other, so that a test can read them back ---- */
#ifndef STUB_WITHOUT_TENSOR_MAPS
typedef struct {
  int type, rank;
  uint64_t address, size[5], stride[4];
  uint16_t box[5];
  uint8_t step[5], interleave, swizzle, promotion, fill;
} TensorMap;
_Static_assert(sizeof(TensorMap) <= 128, "a descriptor has 128 bytes");
CUresult cuTensorMapEncodeTiled(TensorMap *map, int type, uint32_t rank, void *address, const uint64_t *size, const uint64_t *stride, const uint32_t *box,
                                const uint32_t *step, int interleave, int swizzle, int promotion, int fill) {
  if ((uintptr_t)map % 64 || rank < 1 || rank > 5) return INVALID_VALUE;
  memset(map, 0, 128);
  map->type = type;
  map->rank = (int)rank;
  map->address = (uint64_t)address;
  for (uint32_t i = 0; i < rank; i++) {
    map->size[i] = size[i];
    if (i + 1 < rank) map->stride[i] = stride[i];
    map->box[i] = (uint16_t)box[i];
    map->step[i] = (uint8_t)step[i];
  }
  map->interleave = (uint8_t)interleave;
  map->swizzle = (uint8_t)swizzle;
  map->promotion = (uint8_t)promotion;
  map->fill = (uint8_t)fill;
  return SUCCESS;
}
#endif

/* ---- memory ---- */
CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) {
  REQUIRE_CONTEXT();
  REQUIRE_NO_CAPTURE();
  if (bytes == 0) return INVALID_VALUE;
  if (in_use + bytes > capacity()) return OUT_OF_MEMORY;
  for (int i = 0; i < MAX_BLOCKS; i++)
    if (!blocks[i].at) {
      blocks[i].at = aligned_alloc(256, (bytes + 255) / 256 * 256);
      blocks[i].bytes = bytes;
      in_use += bytes;
      *address = (CUdeviceptr)blocks[i].at;
      return SUCCESS;
    }
  return OUT_OF_MEMORY;
}
CUresult cuMemFree_v2(CUdeviceptr address) {
  REQUIRE_CONTEXT();
  REQUIRE_NO_CAPTURE();
  for (int i = 0; i < MAX_BLOCKS; i++)
    if (blocks[i].at == (char *)address) {
      in_use -= blocks[i].bytes;
      free(blocks[i].at);
      blocks[i].at = NULL;
      return SUCCESS;
    }
  return INVALID_VALUE;
}
CUresult cuMemGetInfo_v2(size_t *available, size_t *total) { REQUIRE_CONTEXT(); *total = capacity(); *available = *total - in_use; return SUCCESS; }
CUresult cuMemHostAlloc(void **address, size_t bytes, unsigned flags) { (void)flags; REQUIRE_CONTEXT(); REQUIRE_NO_CAPTURE(); *address = malloc(bytes); return SUCCESS; }
CUresult cuMemFreeHost(void *address) { REQUIRE_CONTEXT(); free(address); return SUCCESS; }

static int outside(CUdeviceptr address, size_t bytes) {
  for (int i = 0; i < MAX_BLOCKS; i++)
    if (blocks[i].at && address >= (CUdeviceptr)blocks[i].at && address + bytes <= (CUdeviceptr)blocks[i].at + blocks[i].bytes) return 0;
  return 1;
}
#define REQUIRE_INSIDE(address, bytes) do { if (outside(address, bytes)) return INVALID_VALUE; } while (0)
CUresult cuMemcpyHtoD_v2(CUdeviceptr target, const void *source, size_t bytes) { REQUIRE_CONTEXT(); REQUIRE_NO_CAPTURE(); REQUIRE_INSIDE(target, bytes); memcpy((void *)target, source, bytes); return SUCCESS; }
CUresult cuMemcpyDtoH_v2(void *target, CUdeviceptr source, size_t bytes) { REQUIRE_CONTEXT(); REQUIRE_NO_CAPTURE(); REQUIRE_INSIDE(source, bytes); memcpy(target, (void *)source, bytes); return SUCCESS; }
CUresult cuMemcpyDtoD_v2(CUdeviceptr target, CUdeviceptr source, size_t bytes) { REQUIRE_CONTEXT(); REQUIRE_NO_CAPTURE(); REQUIRE_INSIDE(target, bytes); REQUIRE_INSIDE(source, bytes); memmove((void *)target, (void *)source, bytes); return SUCCESS; }
CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr target, const void *source, size_t bytes, void *s) { REQUIRE(stream_of(s), STREAM); return cuMemcpyHtoD_v2(target, source, bytes); }
CUresult cuMemcpyDtoHAsync_v2(void *target, CUdeviceptr source, size_t bytes, void *s) { REQUIRE(stream_of(s), STREAM); return cuMemcpyDtoH_v2(target, source, bytes); }
CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr target, CUdeviceptr source, size_t bytes, void *s) { REQUIRE(stream_of(s), STREAM); return cuMemcpyDtoD_v2(target, source, bytes); }
CUresult cuMemsetD8_v2(CUdeviceptr target, unsigned char value, size_t count) { REQUIRE_CONTEXT(); REQUIRE_INSIDE(target, count); memset((void *)target, value, count); return SUCCESS; }
CUresult cuMemsetD32_v2(CUdeviceptr target, unsigned value, size_t count) { REQUIRE_CONTEXT(); REQUIRE_INSIDE(target, count * 4); for (size_t i = 0; i < count; i++) ((unsigned *)target)[i] = value; return SUCCESS; }
CUresult cuMemsetD8Async(CUdeviceptr target, unsigned char value, size_t count, void *s) { REQUIRE(stream_of(s), STREAM); return cuMemsetD8_v2(target, value, count); }
CUresult cuMemsetD32Async(CUdeviceptr target, unsigned value, size_t count, void *s) { REQUIRE(stream_of(s), STREAM); return cuMemsetD32_v2(target, value, count); }

/* ---- streams, events ---- */
CUresult cuStreamCreate(Stream **stream, unsigned flags) { (void)flags; REQUIRE_CONTEXT(); *stream = calloc(1, sizeof(Stream)); (*stream)->magic = STREAM; return SUCCESS; }
CUresult cuStreamDestroy_v2(Stream *stream) { REQUIRE_CONTEXT(); REQUIRE(stream, STREAM); stream->magic = 0; return SUCCESS; }
CUresult cuStreamSynchronize(void *s) {
  Stream *stream = stream_of(s);
  REQUIRE_CONTEXT();
  REQUIRE(stream, STREAM);
  if (stream->capturing) { stream->spoilt = 1; return CAPTURE_UNSUPPORTED; }
  return SUCCESS;
}
CUresult cuStreamQuery(void *s) { return cuStreamSynchronize(s); }
CUresult cuStreamBeginCapture_v2(void *s, int mode) {
  Stream *stream = stream_of(s);
  (void)mode;
  REQUIRE_CONTEXT();
  REQUIRE(stream, STREAM);
  if (stream == &legacy) return CAPTURE_UNSUPPORTED;
  stream->graph = calloc(1, sizeof(Graph));
  stream->graph->magic = GRAPH;
  stream->capturing = 1;
  stream->spoilt = 0;
  capture = stream;
  return SUCCESS;
}
CUresult cuStreamEndCapture(void *s, Graph **graph) {
  Stream *stream = stream_of(s);
  REQUIRE_CONTEXT();
  REQUIRE(stream, STREAM);
  if (!stream->capturing) return CAPTURE_UNMATCHED;
  stream->capturing = 0;
  capture = NULL;
  if (stream->spoilt) { *graph = NULL; return CAPTURE_INVALIDATED; }
  *graph = stream->graph;
  return SUCCESS;
}
CUresult cuStreamIsCapturing(void *s, int *status) { Stream *stream = stream_of(s); REQUIRE(stream, STREAM); *status = stream->capturing; return SUCCESS; }
CUresult cuEventCreate(Event **event, unsigned flags) { (void)flags; REQUIRE_CONTEXT(); *event = calloc(1, sizeof(Event)); (*event)->magic = EVENT; return SUCCESS; }
CUresult cuEventDestroy_v2(Event *event) { REQUIRE(event, EVENT); event->magic = 0; return SUCCESS; }
CUresult cuEventRecord(Event *event, void *s) { REQUIRE_CONTEXT(); REQUIRE(event, EVENT); REQUIRE(stream_of(s), STREAM); event->at = ticks += 0.5; return SUCCESS; }
CUresult cuEventSynchronize(Event *event) { REQUIRE_CONTEXT(); REQUIRE(event, EVENT); return SUCCESS; }
CUresult cuEventQuery(Event *event) { REQUIRE_CONTEXT(); REQUIRE(event, EVENT); return event->at == 0 ? 600 : SUCCESS; }
CUresult cuEventElapsedTime(float *ms, Event *start, Event *end) { REQUIRE(start, EVENT); REQUIRE(end, EVENT); *ms = (float)(end->at - start->at); return SUCCESS; }
CUresult cuStreamWaitEvent(void *s, Event *event, unsigned flags) { (void)flags; REQUIRE(stream_of(s), STREAM); REQUIRE(event, EVENT); return SUCCESS; }

/* ---- graphs ---- */
CUresult cuGraphInstantiateWithFlags(Instance **instance, Graph *graph, unsigned long long flags) {
  (void)flags;
  REQUIRE(graph, GRAPH);
  Instance *made = malloc(sizeof *made);
  made->magic = INSTANCE;
  made->origin = graph;
  made->copy = *graph;
  *instance = made;
  return SUCCESS;
}
CUresult cuGraphDestroy(Graph *graph) { REQUIRE(graph, GRAPH); graph->magic = 0; free(graph); return SUCCESS; }
CUresult cuGraphExecDestroy(Instance *instance) { REQUIRE(instance, INSTANCE); instance->magic = 0; free(instance); return SUCCESS; }
CUresult cuGraphUpload(Instance *instance, void *s) { REQUIRE(instance, INSTANCE); REQUIRE(stream_of(s), STREAM); return SUCCESS; }
CUresult cuGraphLaunch(Instance *instance, void *s) {
  REQUIRE_CONTEXT();
  REQUIRE(instance, INSTANCE);
  REQUIRE(stream_of(s), STREAM);
  for (int i = 0; i < instance->copy.nodes; i++) run(instance->copy.node[i].function, instance->copy.node[i].argument);
  return SUCCESS;
}
CUresult cuGraphGetNodes(Graph *graph, Node **nodes, size_t *count) {
  REQUIRE(graph, GRAPH);
  if (nodes) for (int i = 0; i < graph->nodes; i++) nodes[i] = &graph->node[i];
  *count = graph->nodes;
  return SUCCESS;
}
CUresult cuGraphNodeGetType(Node *node, int *type) { REQUIRE(node, NODE); *type = 0; return SUCCESS; }
CUresult cuGraphKernelNodeGetParams_v2(Node *node, NodeParams *params) { REQUIRE(node, NODE); memset(params, 0, sizeof *params); params->func = node->function; return SUCCESS; }
CUresult cuGraphExecKernelNodeSetParams_v2(Instance *instance, Node *node, const NodeParams *params) {
  REQUIRE(instance, INSTANCE);
  REQUIRE(node, NODE);
  gather(node->function, params->params, instance->copy.node[node - instance->origin->node].argument);
  return SUCCESS;
}

/* ---- what a driver must have besides ---- */
#define UNSUPPORTED(name) CUresult name(void) { return NOT_SUPPORTED; }
UNSUPPORTED(cuCtxGetLimit) UNSUPPORTED(cuCtxGetStreamPriorityRange) UNSUPPORTED(cuCtxSetLimit) UNSUPPORTED(cuDeviceGetDefaultMemPool)
UNSUPPORTED(cuDeviceGetPCIBusId) UNSUPPORTED(cuDevicePrimaryCtxSetFlags_v2) UNSUPPORTED(cuEventRecordWithFlags) UNSUPPORTED(cuFuncSetCacheConfig)
UNSUPPORTED(cuGraphDebugDotPrint) UNSUPPORTED(cuLaunchHostFunc) UNSUPPORTED(cuMemAllocAsync) UNSUPPORTED(cuMemAllocHost_v2)
UNSUPPORTED(cuMemFreeAsync) UNSUPPORTED(cuMemGetAddressRange_v2) UNSUPPORTED(cuMemHostGetDevicePointer_v2) UNSUPPORTED(cuMemHostRegister_v2)
UNSUPPORTED(cuMemHostUnregister) UNSUPPORTED(cuMemPoolGetAttribute) UNSUPPORTED(cuMemPoolSetAttribute) UNSUPPORTED(cuMemPoolTrimTo)
UNSUPPORTED(cuMemcpy2DAsync_v2) UNSUPPORTED(cuMemcpy2D_v2) UNSUPPORTED(cuMemsetD16Async) UNSUPPORTED(cuMemsetD16_v2) UNSUPPORTED(cuModuleGetGlobal_v2)
UNSUPPORTED(cuOccupancyAvailableDynamicSMemPerBlock) UNSUPPORTED(cuOccupancyMaxPotentialBlockSize) UNSUPPORTED(cuStreamCreateWithPriority)
UNSUPPORTED(cuStreamGetCtx)
