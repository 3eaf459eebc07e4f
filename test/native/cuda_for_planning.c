/*
 * A stand-in libcuda.so.1 with which cuDNN makes plans on a machine without a driver: modules load, kernels are found, nothing runs. cuDNN refuses to load the
 * library if any of these functions is missing.
 */
/* CUDA_ERROR_NO_DEVICE, as any program is told on such a machine. */
int cuInit(unsigned flags) { return flags ? 1 : 100; }
int cuDriverGetVersion(int *version) { return *version = 13000, 0; }
int cuDeviceGetCount(int *count) { return *count = 0, 0; }

#define FOUND(name) \
  int name(void **out) { return *out = (void *)64, 0; }
FOUND(cuLibraryLoadData)
FOUND(cuLibraryGetKernel)
FOUND(cuModuleLoadData)
FOUND(cuModuleLoadDataEx)
FOUND(cuModuleGetFunction)

#define NUMBER(name) \
  int name(int *out) { return *out = 64, 0; }
NUMBER(cuFuncGetAttribute)
NUMBER(cuKernelGetAttribute)

#define DONE(name) \
  int name(void) { return 0; }
DONE(cuCtxGetCurrent)
DONE(cuCtxGetDevice)
DONE(cuCtxGetLimit)
DONE(cuCtxPopCurrent)
DONE(cuCtxPushCurrent)
DONE(cuDeviceGet)
DONE(cuDeviceGetAttribute)
DONE(cuDevicePrimaryCtxRelease)
DONE(cuDevicePrimaryCtxReset)
DONE(cuDevicePrimaryCtxRetain)
DONE(cuFuncSetAttribute)
DONE(cuGetErrorName)
DONE(cuGetErrorString)
DONE(cuGetProcAddress_v2)
DONE(cuKernelSetAttribute)
DONE(cuLaunchCooperativeKernel)
DONE(cuLaunchKernel)
DONE(cuLaunchKernelEx)
DONE(cuLibraryLoadFromFile)
DONE(cuLibraryUnload)
DONE(cuLinkAddData)
DONE(cuLinkAddData_v2)
DONE(cuLinkAddFile_v2)
DONE(cuLinkComplete)
DONE(cuLinkCreate)
DONE(cuLinkCreate_v2)
DONE(cuLinkDestroy)
DONE(cuMemcpyDtoH_v2)
DONE(cuModuleGetGlobal_v2)
DONE(cuModuleLoadFatBinary)
DONE(cuModuleUnload)
DONE(cuOccupancyMaxActiveBlocksPerMultiprocessor)
DONE(cuOccupancyMaxPotentialClusterSize)
DONE(cuStreamGetCtx)
DONE(cuStreamSynchronize)
DONE(cuTensorMapEncodeTiled)
