package dev.clusca.bindings.dnn;

/** What a plan is made for: the GPU behind a handle, where it can run, or one that is only described. */
public sealed interface CudnnTarget permits CudnnHandle, CudnnDevice {}
