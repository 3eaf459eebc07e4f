#include <cuda_bf16.h>
#include <cstdint>
// Kernels for EmulatorBenchmark: nvcc -ptx -arch=compute_80 emulator.cu; the PTX is checked in.

// Tiled f32 product: shared loads, one of them broadcast, and fma.
extern "C" __global__ void __launch_bounds__(256) sgemm(const float*A,const float*B,float*C,int N,int K){
 __shared__ float as[32][33], bs[32][32]; int tx=threadIdx.x&31, ty=threadIdx.x>>5; float acc[4]={0,0,0,0};
 int row=blockIdx.y*32, col=blockIdx.x*32;
 for(int k=0;k<K;k+=32){ for(int i=0;i<4;i++){as[ty+8*i][tx]=A[(row+ty+8*i)*K+k+tx]; bs[ty+8*i][tx]=B[(k+ty+8*i)*N+col+tx];} __syncthreads();
  #pragma unroll
  for(int kk=0;kk<32;kk++){float b=bs[kk][tx]; for(int i=0;i<4;i++) acc[i]=fmaf(as[ty+8*i][kk],b,acc[i]);} __syncthreads(); }
 for(int i=0;i<4;i++) C[(row+ty+8*i)*N+col+tx]=acc[i]; }

// Two Taylor terms on float4: global loads and arithmetic.
extern "C" __global__ void __launch_bounds__(256) taylor(const float4*p0,const float4*p1,const float4*p2,const float4*x,float4*y,float d,int n){
 for(int i=blockIdx.x*256+threadIdx.x;i<n;i+=gridDim.x*256){ float4 a=p0[i],b=p1[i],c=p2[i],r=x[i]; 
  r.x+=a.x+d*(b.x+d*.5f*c.x); r.y+=a.y+d*(b.y+d*.5f*c.y); r.z+=a.z+d*(b.z+d*.5f*c.z); r.w+=a.w+d*(b.w+d*.5f*c.w); y[i]=r; } }

// mma.sync after mma.sync.
extern "C" __global__ void mma_loop(float*o,int n){ uint32_t a[4]={0x3f803f80u+threadIdx.x,0x3f803f80u,0x3f803f80u,0x3f803f80u},b[2]={0x3f803f80u,0x3f803f80u}; float c[4]={0,0,0,0};
 for(int i=0;i<n;i++) asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};":"+f"(c[0]),"+f"(c[1]),"+f"(c[2]),"+f"(c[3]):"r"(a[0]),"r"(a[1]),"r"(a[2]),"r"(a[3]),"r"(b[0]),"r"(b[1]));
 o[blockIdx.x*32+threadIdx.x]=c[0]+c[1]+c[2]+c[3]; }

// f32 and integer arithmetic in registers.
extern "C" __global__ void arithmetic(float*o,int n){ float a=threadIdx.x,b=1.0001f,c=.5f,d=.25f; int s=threadIdx.x; for(int i=0;i<n;i++){a=fmaf(a,b,c); c=fmaf(c,b,d); d=d*b+a; s=s*7+i; s^=s>>3; s+=i<<2;} o[blockIdx.x*blockDim.x+threadIdx.x]=a+c+d+s; }
