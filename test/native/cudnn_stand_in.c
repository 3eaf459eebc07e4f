/*
 * A stand-in libcudnn.so.9 for tests: what dev.clusca.bindings.dnn needs of the graph API, computed on host memory by plain loops.
 *
 * Descriptors behave as cuDNN's: an attribute has one type and count; what is required must be set before a descriptor is finalized; a descriptor that another
 * takes must be of the right kind and finalized; nothing is set afterwards, and nothing is read before. A violation gives CUDNN_STATUS_BAD_PARAM or its kin, with a
 * reason in cudnnGetLastErrorString.
 *
 * Operations: convolution forward (two spatial extents, stride 1), pointwise addition with repetition of extents of 1, SDPA forward. All honour strides,
 * read F32 or BF16, sum in double, and round where they store; a virtual tensor is F32. Engines: 2 gives other bits each time (so its note says), 3 has tensor
 * cores, 5 fails to compile, 7 is plain. CUDNN_HEUR_MODE_A gives them in this order, after offering one more than it gives; the fallback is 7. Which engine a caller takes
 * shows in the plan. Workspace: 1024 bytes, which execution overwrites.
 *
 * -DSTAND_IN_VERSION=.., -DSTAND_IN_CUDART=..: what it says of itself. -DSTAND_IN_WITHOUT_EXECUTE: cudnnBackendExecute is missing.
 * STAND_IN_NO_GPU=1 in the environment: cudnnCreate fails as without a GPU.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef STAND_IN_VERSION
#define STAND_IN_VERSION 92400
#endif
#ifndef STAND_IN_CUDART
#define STAND_IN_CUDART 13000
#endif

enum { SUCCESS = 0, NOT_INITIALIZED = 1001, BAD_PARAM = 2000, NULL_POINTER = 2002, MISALIGNED = 2003, NOT_FINALIZED = 2004, SHAPE_MISMATCH = 2008,
       ATTRIBUTE_TYPE = 2010, DESCRIPTOR_TYPE = 2012, NOT_SUPPORTED = 3000, COMPILATION_FAILED = 4001 };

/* cudnnBackendDescriptorType_t */
enum { POINTWISE = 0, CONVOLUTION = 1, ENGINE = 2, ENGINECFG = 3, ENGINEHEUR = 4, PLAN = 5, OP_CONVOLUTION = 10, OP_POINTWISE = 13, GRAPH = 15,
       VARIANT_PACK = 16, TENSOR = 17, DEVICEPROP = 38, OP_SDPA = 41 };

/* cudnnBackendAttributeType_t */
enum { T_HANDLE = 0, T_DATA_TYPE = 1, T_BOOLEAN = 2, T_INT64 = 3, T_FLOAT = 4, T_VOID_PTR = 6, T_CONVOLUTION_MODE = 7, T_HEUR_MODE = 8,
       T_NUMERICAL_NOTE = 11, T_POINTWISE_MODE = 14, T_DESCRIPTOR = 15, T_CHAR = 24 };

enum { F32 = 0, BF16 = 9 };

typedef struct {
  int kind, attribute, type, size;
  int64_t least, most;
  int required, names; /* names: the kind of descriptor that it takes, -1 for an operation, -2 for none */
} Rule;

static const Rule RULES[] = {
    {POINTWISE, 0, T_POINTWISE_MODE, 4, 1, 1, 1, -2},
    {POINTWISE, 1, T_DATA_TYPE, 4, 1, 1, 1, -2},
    {CONVOLUTION, 100, T_DATA_TYPE, 4, 1, 1, 1, -2},
    {CONVOLUTION, 101, T_CONVOLUTION_MODE, 4, 1, 1, 1, -2},
    {CONVOLUTION, 102, T_INT64, 8, 1, 8, 1, -2},
    {CONVOLUTION, 103, T_INT64, 8, 1, 8, 1, -2},
    {CONVOLUTION, 104, T_INT64, 8, 1, 8, 1, -2},
    {CONVOLUTION, 105, T_INT64, 8, 1, 8, 1, -2},
    {CONVOLUTION, 106, T_INT64, 8, 1, 1, 1, -2},
    {ENGINEHEUR, 200, T_HEUR_MODE, 4, 1, 1, 1, -2},
    {ENGINEHEUR, 201, T_DESCRIPTOR, 8, 1, 1, 1, GRAPH},
    {ENGINEHEUR, 204, T_DESCRIPTOR, 8, 1, 1, 0, DEVICEPROP},
    {PLAN, 400, T_HANDLE, 8, 1, 1, 0, -2},
    {PLAN, 401, T_DESCRIPTOR, 8, 1, 1, 1, ENGINECFG},
    {PLAN, 407, T_DESCRIPTOR, 8, 1, 1, 0, DEVICEPROP},
    {OP_CONVOLUTION, 700, T_FLOAT, 4, 1, 1, 1, -2},
    {OP_CONVOLUTION, 701, T_FLOAT, 4, 1, 1, 1, -2},
    {OP_CONVOLUTION, 702, T_DESCRIPTOR, 8, 1, 1, 1, CONVOLUTION},
    {OP_CONVOLUTION, 703, T_DESCRIPTOR, 8, 1, 1, 1, TENSOR},
    {OP_CONVOLUTION, 704, T_DESCRIPTOR, 8, 1, 1, 1, TENSOR},
    {OP_CONVOLUTION, 705, T_DESCRIPTOR, 8, 1, 1, 1, TENSOR},
    {OP_POINTWISE, 750, T_DESCRIPTOR, 8, 1, 1, 1, POINTWISE},
    {OP_POINTWISE, 751, T_DESCRIPTOR, 8, 1, 1, 1, TENSOR},
    {OP_POINTWISE, 752, T_DESCRIPTOR, 8, 1, 1, 1, TENSOR},
    {OP_POINTWISE, 753, T_DESCRIPTOR, 8, 1, 1, 1, TENSOR},
    {GRAPH, 800, T_HANDLE, 8, 1, 1, 0, -2},
    {GRAPH, 801, T_DESCRIPTOR, 8, 1, 16, 1, -1},
    {TENSOR, 900, T_INT64, 8, 1, 1, 1, -2},
    {TENSOR, 901, T_DATA_TYPE, 4, 1, 1, 1, -2},
    {TENSOR, 902, T_INT64, 8, 1, 8, 1, -2},
    {TENSOR, 903, T_INT64, 8, 1, 8, 1, -2},
    {TENSOR, 906, T_INT64, 8, 1, 1, 1, -2},
    {TENSOR, 907, T_BOOLEAN, 1, 1, 1, 0, -2},
    {TENSOR, 908, T_BOOLEAN, 1, 1, 1, 0, -2},
    {VARIANT_PACK, 1000, T_INT64, 8, 1, 32, 1, -2},
    {VARIANT_PACK, 1001, T_VOID_PTR, 8, 1, 32, 1, -2},
    {VARIANT_PACK, 1003, T_VOID_PTR, 8, 1, 1, 0, -2},
    {DEVICEPROP, 2702, T_CHAR, 1, 1, 1 << 16, 1, -2},
    {OP_SDPA, 2800, T_DESCRIPTOR, 8, 1, 1, 1, TENSOR},
    {OP_SDPA, 2801, T_DESCRIPTOR, 8, 1, 1, 1, TENSOR},
    {OP_SDPA, 2802, T_DESCRIPTOR, 8, 1, 1, 1, TENSOR},
    {OP_SDPA, 2803, T_DESCRIPTOR, 8, 1, 1, 1, TENSOR},
    {OP_SDPA, 2805, T_DESCRIPTOR, 8, 1, 1, 0, TENSOR},
};

#define ATTRIBUTES 16
#define MAGIC 0x636c75736361ll
#define WORKSPACE 1024

typedef struct Descriptor {
  int64_t magic; /* 0 once destroyed: the memory stays, so that a use after that shows */
  int kind, final;
  int attributes;
  struct {
    int attribute;
    int64_t count;
    void *values;
  } set[ATTRIBUTES];
  int64_t engine; /* of an engine, its configuration and a plan */
  struct Descriptor *graph;
} Descriptor;

typedef struct {
  void *stream;
} Handle;

static _Thread_local char reason[256];

static int fail(int status, const char *why) {
  snprintf(reason, sizeof reason, "%s", why);
  return status;
}

static int is_operation(int kind) { return kind == OP_CONVOLUTION || kind == OP_POINTWISE || kind == OP_SDPA; }

static int alive(const Descriptor *d) { return d && d->magic == MAGIC; }

static const Rule *rule(int kind, int attribute) {
  for (size_t i = 0; i < sizeof RULES / sizeof *RULES; i++)
    if (RULES[i].kind == kind && RULES[i].attribute == attribute) return &RULES[i];
  return NULL;
}

static void *values(const Descriptor *d, int attribute, int64_t *count) {
  for (int i = 0; i < d->attributes; i++)
    if (d->set[i].attribute == attribute) {
      if (count) *count = d->set[i].count;
      return d->set[i].values;
    }
  if (count) *count = 0;
  return NULL;
}

static int code(const Descriptor *d, int attribute) {
  int *value = values(d, attribute, NULL);
  return value ? *value : -1;
}

static int flag(const Descriptor *d, int attribute) {
  char *value = values(d, attribute, NULL);
  return value && *value;
}

static Descriptor *part(const Descriptor *d, int attribute) {
  Descriptor **value = values(d, attribute, NULL);
  return value ? *value : NULL;
}

static int64_t *extents(const Descriptor *tensor) { return values(tensor, 902, NULL); }

static int64_t id(const Descriptor *tensor) { return *(int64_t *)values(tensor, 906, NULL); }

/* ---- the library */

size_t cudnnGetVersion(void) { return STAND_IN_VERSION; }
size_t cudnnGetMaxDeviceVersion(void) { return 1210; }
size_t cudnnGetCudartVersion(void) { return STAND_IN_CUDART; }

const char *cudnnGetErrorString(int status) {
  switch (status) {
    case SUCCESS: return "CUDNN_STATUS_SUCCESS";
    case NOT_INITIALIZED: return "CUDNN_STATUS_NOT_INITIALIZED";
    case BAD_PARAM: return "CUDNN_STATUS_BAD_PARAM";
    case NULL_POINTER: return "CUDNN_STATUS_BAD_PARAM_NULL_POINTER";
    case MISALIGNED: return "CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER";
    case NOT_FINALIZED: return "CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED";
    case SHAPE_MISMATCH: return "CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH";
    case ATTRIBUTE_TYPE: return "CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE";
    case DESCRIPTOR_TYPE: return "CUDNN_STATUS_BAD_PARAM_DESCRIPTOR_TYPE";
    case NOT_SUPPORTED: return "CUDNN_STATUS_NOT_SUPPORTED";
    case COMPILATION_FAILED: return "CUDNN_STATUS_INTERNAL_ERROR_COMPILATION_FAILED";
    default: return "CUDNN_UNKNOWN_STATUS";
  }
}

void cudnnGetLastErrorString(char *message, size_t size) {
  snprintf(message, size, "%s", reason);
  reason[0] = 0;
}

int cudnnCreate(void **handle) {
  if (getenv("STAND_IN_NO_GPU")) return fail(NOT_INITIALIZED, "cudaGetDeviceCount(&count) != cudaSuccess");
  *handle = calloc(1, sizeof(Handle));
  return SUCCESS;
}

int cudnnDestroy(void *handle) {
  free(handle);
  return SUCCESS;
}

int cudnnSetStream(Handle *handle, void *stream) {
  handle->stream = stream;
  return SUCCESS;
}

int cudnnGetStream(Handle *handle, void **stream) {
  *stream = handle->stream;
  return SUCCESS;
}

/* ---- descriptors */

int cudnnBackendCreateDescriptor(int kind, Descriptor **out) {
  int known = kind == ENGINE || kind == ENGINECFG;
  for (size_t i = 0; i < sizeof RULES / sizeof *RULES; i++) known |= RULES[i].kind == kind;
  if (!known) return fail(NOT_SUPPORTED, "the stand-in has no descriptor of this kind");
  *out = calloc(1, sizeof(Descriptor));
  (*out)->magic = MAGIC;
  (*out)->kind = kind;
  return SUCCESS;
}

int cudnnBackendDestroyDescriptor(Descriptor *d) {
  if (!alive(d)) return fail(BAD_PARAM, "the descriptor was destroyed before");
  d->magic = 0;
  return SUCCESS;
}

int cudnnBackendInitialize(Descriptor *d) {
  (void)d;
  return fail(NOT_SUPPORTED, "deprecated");
}

int cudnnBackendSetAttribute(Descriptor *d, int attribute, int type, int64_t count, const void *array) {
  if (!alive(d)) return fail(BAD_PARAM, "no descriptor");
  if (d->final) return fail(BAD_PARAM, "the descriptor is finalized");
  const Rule *r = rule(d->kind, attribute);
  if (!r) return fail(BAD_PARAM, "this descriptor has no such attribute");
  if (type != r->type) return fail(ATTRIBUTE_TYPE, "the attribute has another type");
  if (count < r->least || count > r->most) return fail(BAD_PARAM, "the attribute has another number of elements");
  if (!array) return fail(NULL_POINTER, "arrayOfElements == nullptr");
  for (int64_t i = 0; r->names != -2 && i < count; i++) {
    const Descriptor *named = ((Descriptor *const *)array)[i];
    if (!alive(named)) return fail(BAD_PARAM, "the attribute names no descriptor");
    if (r->names == -1 ? !is_operation(named->kind) : named->kind != r->names) return fail(DESCRIPTOR_TYPE, "the attribute takes another kind of descriptor");
    if (!named->final) return fail(NOT_FINALIZED, "the attribute takes a finalized descriptor");
  }
  int at = 0;
  while (at < d->attributes && d->set[at].attribute != attribute) at++;
  if (at == d->attributes) d->attributes++;
  free(d->set[at].values);
  d->set[at].attribute = attribute;
  d->set[at].count = count;
  d->set[at].values = malloc(count * r->size);
  memcpy(d->set[at].values, array, count * r->size);
  return SUCCESS;
}

static int finalize_tensor(const Descriptor *d) {
  int64_t rank, strides;
  int64_t *extent = values(d, 902, &rank);
  values(d, 903, &strides);
  if (rank != 4 || strides != 4) return fail(NOT_SUPPORTED, "the stand-in takes tensors of four extents");
  for (int i = 0; i < 4; i++)
    if (extent[i] < 1) return fail(BAD_PARAM, "an extent is below 1");
  if (code(d, 901) != F32 && code(d, 901) != BF16) return fail(NOT_SUPPORTED, "the stand-in takes F32 and BF16");
  if (flag(d, 907) && flag(d, 908)) return fail(BAD_PARAM, "a tensor is virtual and by value");
  return SUCCESS;
}

static int finalize_convolution(const Descriptor *d) {
  int64_t spatial = *(int64_t *)values(d, 106, NULL), count;
  for (int attribute = 102; attribute <= 105; attribute++) {
    int64_t *v = values(d, attribute, &count);
    if (count != spatial) return fail(BAD_PARAM, "an array is not of CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS");
    for (int64_t i = 0; attribute <= 103 && i < count; i++)
      if (v[i] != 1) return fail(NOT_SUPPORTED, "the stand-in takes dilations and strides of 1");
  }
  if (spatial != 2) return fail(NOT_SUPPORTED, "the stand-in takes two spatial extents");
  if (code(d, 100) != F32 || code(d, 101) != 1) return fail(NOT_SUPPORTED, "the stand-in takes a cross-correlation in F32");
  return SUCCESS;
}

static int finalize_operation(const Descriptor *d) {
  if (d->kind == OP_CONVOLUTION) {
    int64_t *w = extents(part(d, 703)), *x = extents(part(d, 704)), *y = extents(part(d, 705));
    int64_t *post = values(part(d, 702), 104, NULL), *pre = values(part(d, 702), 105, NULL);
    int fits = x[1] == w[1] && y[0] == x[0] && y[1] == w[0];
    for (int i = 0; i < 2; i++) fits &= y[2 + i] == x[2 + i] + pre[i] + post[i] - w[2 + i] + 1;
    return fits ? SUCCESS : fail(SHAPE_MISMATCH, "x, w and y do not fit");
  }
  if (d->kind == OP_POINTWISE) {
    int64_t *x = extents(part(d, 751)), *b = extents(part(d, 752)), *y = extents(part(d, 753));
    for (int i = 0; i < 4; i++)
      if (x[i] != y[i] || (b[i] != y[i] && b[i] != 1)) return fail(SHAPE_MISMATCH, "x, b and y do not fit");
    return SUCCESS;
  }
  Descriptor *q = part(d, 2800), *k = part(d, 2801), *v = part(d, 2802), *o = part(d, 2803), *scale = part(d, 2805);
  Descriptor *all[] = {q, k, v, o};
  for (int t = 0; t < 4; t++) {
    for (int i = 0; i < 4; i++)
      if (i != 2 && extents(all[t])[i] != extents(q)[i]) return fail(SHAPE_MISMATCH, "q, k, v and o do not fit");
    if (((int64_t *)values(all[t], 903, NULL))[3] != 1) return fail(BAD_PARAM, "the innermost stride is not 1");
  }
  if (extents(k)[2] != extents(v)[2] || extents(q)[2] != extents(o)[2]) return fail(SHAPE_MISMATCH, "q, k, v and o do not fit");
  for (int i = 0; scale && i < 4; i++)
    if (extents(scale)[i] != 1) return fail(SHAPE_MISMATCH, "the scale is not one number");
  return SUCCESS;
}

int cudnnBackendFinalize(Descriptor *d) {
  if (!alive(d)) return fail(BAD_PARAM, "no descriptor");
  if (d->final) return fail(BAD_PARAM, "the descriptor is finalized");
  for (size_t i = 0; i < sizeof RULES / sizeof *RULES; i++)
    if (RULES[i].kind == d->kind && RULES[i].required && !values(d, RULES[i].attribute, NULL)) return fail(BAD_PARAM, "a required attribute is not set");
  int status = SUCCESS;
  int64_t ids, pointers;
  switch (d->kind) {
    case TENSOR: status = finalize_tensor(d); break;
    case CONVOLUTION: status = finalize_convolution(d); break;
    case POINTWISE:
      if (code(d, 0) != 0 || code(d, 1) != F32) status = fail(NOT_SUPPORTED, "the stand-in adds in F32");
      break;
    case OP_CONVOLUTION:
    case OP_POINTWISE:
    case OP_SDPA: status = finalize_operation(d); break;
    case ENGINEHEUR:
      if (!part(d, 204) && !values(part(d, 201), 800, NULL)) status = fail(BAD_PARAM, "neither the graph's handle nor a device");
      break;
    case PLAN:
      if (!part(d, 407) && !values(d, 400, NULL)) return fail(BAD_PARAM, "neither a handle nor a device");
      d->engine = part(d, 401)->engine;
      d->graph = part(d, 401)->graph;
      if (d->engine == 5) status = fail(COMPILATION_FAILED, "compilationResult != NVRTC_SUCCESS");
      break;
    case VARIANT_PACK:
      values(d, 1000, &ids);
      values(d, 1001, &pointers);
      if (ids != pointers) status = fail(BAD_PARAM, "as many ids as pointers are needed");
      break;
    case DEVICEPROP: {
      int64_t length;
      char *json = values(d, 2702, &length);
      char *text = strndup(json, length);
      if (!strstr(text, "\"deviceVer\"")) status = fail(BAD_PARAM, "!json_object.HasMember(\"deviceVer\")");
      free(text);
      break;
    }
    case GRAPH: break;
    default: status = fail(BAD_PARAM, "cuDNN alone finalizes descriptors of this kind");
  }
  d->final = status == SUCCESS;
  return status;
}

static int results(const Descriptor *d, int64_t most, int64_t *count, Descriptor **out) {
  static const int64_t FIRST[] = {2, 3, 5, 7}, FALLBACK[] = {7};
  int first = code(d, 200) == 3;
  int64_t all = first ? 4 : 1;
  if (most == 0) {
    *count = all + 1;
    return SUCCESS;
  }
  if (most < all) return fail(BAD_PARAM, "too few descriptors for the results");
  for (int64_t i = 0; i < all; i++) {
    if (!alive(out[i]) || out[i]->kind != ENGINECFG) return fail(DESCRIPTOR_TYPE, "a result goes into an engine configuration");
    out[i]->engine = first ? FIRST[i] : FALLBACK[i];
    out[i]->graph = part(d, 201);
    out[i]->final = 1;
  }
  *count = all;
  return SUCCESS;
}

int cudnnBackendGetAttribute(Descriptor *d, int attribute, int type, int64_t most, int64_t *count, void *array) {
  if (!alive(d)) return fail(BAD_PARAM, "no descriptor");
  if (!d->final) return fail(NOT_FINALIZED, "the descriptor is not finalized");
  if (d->kind == ENGINEHEUR && attribute == 202 && type == T_DESCRIPTOR) return results(d, most, count, array);
  if (d->kind == ENGINECFG && attribute == 300 && type == T_DESCRIPTOR && most == 1) {
    Descriptor *engine = *(Descriptor **)array;
    if (!alive(engine) || engine->kind != ENGINE) return fail(DESCRIPTOR_TYPE, "an engine goes into an engine descriptor");
    engine->engine = d->engine;
    engine->final = 1;
    *count = 1;
    return SUCCESS;
  }
  if (d->kind == ENGINE && attribute == 1301 && type == T_INT64 && most == 1) {
    *(int64_t *)array = d->engine;
    *count = 1;
    return SUCCESS;
  }
  if (d->kind == ENGINE && attribute == 1303 && type == T_NUMERICAL_NOTE) {
    int note = d->engine == 2 ? 4 : d->engine == 3 ? 0 : 9;
    *count = most > 0 && d->engine != 5;
    if (*count) *(int *)array = note;
    return SUCCESS;
  }
  if (d->kind == PLAN && attribute == 402 && type == T_INT64 && most == 1) {
    *(int64_t *)array = WORKSPACE;
    *count = 1;
    return SUCCESS;
  }
  const Rule *r = rule(d->kind, attribute);
  if (!r) return fail(BAD_PARAM, "this descriptor has no such attribute");
  if (type != r->type) return fail(ATTRIBUTE_TYPE, "the attribute has another type");
  if (attribute == 900) return fail(NOT_SUPPORTED, "cuDNN does not tell a tensor's alignment either");
  void *v = values(d, attribute, count);
  if (most > 0 && v) memcpy(array, v, (size_t)(*count < most ? *count : most) * r->size);
  return SUCCESS;
}

/* ---- execution */

typedef struct {
  const Descriptor *tensor;
  char *memory;
  int type, owned;
  int64_t extent[4], stride[4];
} View;

typedef struct {
  View view[32];
  int views;
} Run;

static float bf16_to_float(uint16_t bits) {
  uint32_t wide = (uint32_t)bits << 16;
  float value;
  memcpy(&value, &wide, 4);
  return value;
}

static uint16_t float_to_bf16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  if (value != value) return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static int64_t offset(const View *v, int64_t i, int64_t j, int64_t k, int64_t l) {
  int64_t index[] = {i, j, k, l}, at = 0;
  for (int a = 0; a < 4; a++) at += v->extent[a] == 1 ? 0 : index[a] * v->stride[a];
  return at;
}

static double load(const View *v, int64_t i, int64_t j, int64_t k, int64_t l) {
  int64_t at = offset(v, i, j, k, l);
  return v->type == F32 ? ((float *)v->memory)[at] : bf16_to_float(((uint16_t *)v->memory)[at]);
}

static void store(const View *v, int64_t i, int64_t j, int64_t k, int64_t l, double value) {
  int64_t at = offset(v, i, j, k, l);
  if (v->type == F32) ((float *)v->memory)[at] = (float)value;
  else ((uint16_t *)v->memory)[at] = float_to_bf16((float)value);
}

static int look(Run *run, const Descriptor *pack, const Descriptor *tensor, View **out) {
  for (int i = 0; i < run->views; i++)
    if (id(run->view[i].tensor) == id(tensor)) {
      *out = &run->view[i];
      return SUCCESS;
    }
  if (!alive(tensor)) return fail(BAD_PARAM, "a tensor of the plan was destroyed");
  View *v = &run->view[run->views];
  v->tensor = tensor;
  v->type = code(tensor, 901);
  memcpy(v->extent, extents(tensor), sizeof v->extent);
  memcpy(v->stride, values(tensor, 903, NULL), sizeof v->stride);
  v->owned = flag(tensor, 907);
  if (v->owned) {
    int64_t last = 0;
    for (int i = 0; i < 4; i++) last += (v->extent[i] - 1) * v->stride[i];
    v->memory = calloc(last + 1, 4);
  } else {
    int64_t count;
    int64_t *ids = values(pack, 1000, &count);
    char **pointers = values(pack, 1001, NULL);
    for (int64_t i = 0; i < count; i++)
      if (ids[i] == id(tensor)) v->memory = pointers[i];
    if (!v->memory) return fail(NULL_POINTER, "the variant pack has no pointer for a tensor");
    if (!flag(tensor, 908) && (int64_t)v->memory % *(int64_t *)values(tensor, 900, NULL)) return fail(MISALIGNED, "a pointer is not aligned as its tensor says");
  }
  run->views++;
  *out = v;
  return SUCCESS;
}

static int convolution(Run *run, const Descriptor *pack, const Descriptor *op) {
  View *x, *w, *y;
  int status;
  if ((status = look(run, pack, part(op, 704), &x)) || (status = look(run, pack, part(op, 703), &w)) || (status = look(run, pack, part(op, 705), &y))) return status;
  int64_t *pre = values(part(op, 702), 105, NULL);
  float alpha = *(float *)values(op, 700, NULL), beta = *(float *)values(op, 701, NULL);
  if (alpha != 1 || beta != 0) return fail(NOT_SUPPORTED, "the stand-in takes alpha 1 and beta 0");
  for (int64_t n = 0; n < y->extent[0]; n++)
    for (int64_t k = 0; k < y->extent[1]; k++)
      for (int64_t i = 0; i < y->extent[2]; i++)
        for (int64_t j = 0; j < y->extent[3]; j++) {
          double sum = 0;
          for (int64_t r = 0; r < w->extent[2]; r++)
            for (int64_t s = 0; s < w->extent[3]; s++) {
              int64_t row = i + r - pre[0], column = j + s - pre[1];
              if (row < 0 || row >= x->extent[2] || column < 0 || column >= x->extent[3]) continue;
              for (int64_t c = 0; c < x->extent[1]; c++) sum += load(x, n, c, row, column) * load(w, k, c, r, s);
            }
          store(y, n, k, i, j, sum);
        }
  return SUCCESS;
}

static int addition(Run *run, const Descriptor *pack, const Descriptor *op) {
  View *x, *b, *y;
  int status;
  if ((status = look(run, pack, part(op, 751), &x)) || (status = look(run, pack, part(op, 752), &b)) || (status = look(run, pack, part(op, 753), &y))) return status;
  for (int64_t i = 0; i < y->extent[0]; i++)
    for (int64_t j = 0; j < y->extent[1]; j++)
      for (int64_t k = 0; k < y->extent[2]; k++)
        for (int64_t l = 0; l < y->extent[3]; l++) store(y, i, j, k, l, load(x, i, j, k, l) + load(b, i, j, k, l));
  return SUCCESS;
}

static int attention(Run *run, const Descriptor *pack, const Descriptor *op) {
  View *q, *k, *v, *o, *factor = NULL;
  int status;
  if ((status = look(run, pack, part(op, 2800), &q)) || (status = look(run, pack, part(op, 2801), &k)) || (status = look(run, pack, part(op, 2802), &v)) ||
      (status = look(run, pack, part(op, 2803), &o)))
    return status;
  if (part(op, 2805) && (status = look(run, pack, part(op, 2805), &factor))) return status;
  double scale = factor ? load(factor, 0, 0, 0, 0) : 1;
  int64_t keys = k->extent[2], d = q->extent[3];
  double *p = malloc(keys * sizeof *p);
  for (int64_t r = 0; r < q->extent[0]; r++)
    for (int64_t h = 0; h < q->extent[1]; h++)
      for (int64_t t = 0; t < q->extent[2]; t++) {
        double most = -INFINITY, sum = 0;
        for (int64_t u = 0; u < keys; u++) {
          p[u] = 0;
          for (int64_t c = 0; c < d; c++) p[u] += load(q, r, h, t, c) * load(k, r, h, u, c);
          p[u] *= scale;
          if (p[u] > most) most = p[u];
        }
        for (int64_t u = 0; u < keys; u++) sum += p[u] = exp(p[u] - most);
        for (int64_t c = 0; c < d; c++) {
          double value = 0;
          for (int64_t u = 0; u < keys; u++) value += p[u] / sum * load(v, r, h, u, c);
          store(o, r, h, t, c, value);
        }
      }
  free(p);
  return SUCCESS;
}

#ifdef STAND_IN_WITHOUT_EXECUTE
#define cudnnBackendExecute cudnnBackendExecuteElsewhere
#endif

int cudnnBackendExecute(Handle *handle, Descriptor *plan, Descriptor *pack) {
  if (!handle) return fail(NULL_POINTER, "handle == nullptr");
  if (!alive(plan) || plan->kind != PLAN || !plan->final || !alive(pack) || pack->kind != VARIANT_PACK || !pack->final) return fail(NOT_FINALIZED, "execution takes a finalized plan and variant pack");
  if (!alive(plan->graph)) return fail(BAD_PARAM, "the graph of the plan was destroyed");
  char **workspace = values(pack, 1003, NULL);
  if (!workspace || !*workspace) return fail(NULL_POINTER, "the workspace is missing");
  memset(*workspace, 0xa5, WORKSPACE);
  int64_t count;
  Descriptor **operations = values(plan->graph, 801, &count);
  Run run = {.views = 0};
  int status = SUCCESS;
  for (int64_t i = 0; status == SUCCESS && i < count; i++) {
    const Descriptor *op = operations[i];
    if (!alive(op)) status = fail(BAD_PARAM, "an operation of the plan was destroyed");
    else if (op->kind == OP_CONVOLUTION) status = convolution(&run, pack, op);
    else if (op->kind == OP_POINTWISE) status = addition(&run, pack, op);
    else status = attention(&run, pack, op);
  }
  for (int i = 0; i < run.views; i++)
    if (run.view[i].owned) free(run.view[i].memory);
  return status;
}

/* ---- what the gate asks for and nobody calls */

#define REFUSED(name) \
  int name(void) { return fail(NOT_SUPPORTED, #name " is none of the stand-in's"); }
REFUSED(cudnnActivationForward)
REFUSED(cudnnAddTensor)
REFUSED(cudnnConvolutionBiasActivationForward)
REFUSED(cudnnConvolutionForward)
REFUSED(cudnnCreateActivationDescriptor)
REFUSED(cudnnCreateConvolutionDescriptor)
REFUSED(cudnnCreateFilterDescriptor)
REFUSED(cudnnCreateTensorDescriptor)
REFUSED(cudnnDestroyActivationDescriptor)
REFUSED(cudnnDestroyConvolutionDescriptor)
REFUSED(cudnnDestroyFilterDescriptor)
REFUSED(cudnnDestroyTensorDescriptor)
REFUSED(cudnnFindConvolutionForwardAlgorithm)
REFUSED(cudnnFindConvolutionForwardAlgorithmEx)
REFUSED(cudnnGetConvolution2dForwardOutputDim)
REFUSED(cudnnGetConvolutionForwardAlgorithmMaxCount)
REFUSED(cudnnGetConvolutionForwardAlgorithm_v7)
REFUSED(cudnnGetConvolutionForwardWorkspaceSize)
REFUSED(cudnnGetConvolutionNdForwardOutputDim)
REFUSED(cudnnGetProperty)
REFUSED(cudnnSetActivationDescriptor)
REFUSED(cudnnSetActivationDescriptorSwishBeta)
REFUSED(cudnnSetConvolution2dDescriptor)
REFUSED(cudnnSetConvolutionGroupCount)
REFUSED(cudnnSetConvolutionMathType)
REFUSED(cudnnSetConvolutionNdDescriptor)
REFUSED(cudnnSetConvolutionReorderType)
REFUSED(cudnnSetFilter4dDescriptor)
REFUSED(cudnnSetFilterNdDescriptor)
REFUSED(cudnnSetTensor4dDescriptor)
REFUSED(cudnnSetTensor4dDescriptorEx)
REFUSED(cudnnSetTensorNdDescriptor)
REFUSED(cudnnSetTensorNdDescriptorEx)
