package dev.clusca.backend.cuda;

/** PTX that the driver suite runs; the stub knows both kernels by their names. */
final class TestKernels {
    static final String[] SCALE = {"const f32* x", "f32* y", "s32 n", "f32 a"};

    /** {@code scale}: y[i] = a x[i] for i below n, one block of up to 256 threads. {@code fault}: writes far outside of its one argument. */
    static final Ptx PTX = Ptx.of("test.ptx", """
            .version 7.4
            .target sm_80
            .address_size 64

            .visible .entry scale(
                .param .u64 scale_param_0,
                .param .u64 scale_param_1,
                .param .u32 scale_param_2,
                .param .f32 scale_param_3
            )
            .maxntid 256, 1, 1
            {
                .reg .pred %p<2>;
                .reg .f32 %f<4>;
                .reg .b32 %r<4>;
                .reg .b64 %rd<8>;
                ld.param.u64 %rd1, [scale_param_0];
                ld.param.u64 %rd2, [scale_param_1];
                ld.param.u32 %r1, [scale_param_2];
                ld.param.f32 %f1, [scale_param_3];
                mov.u32 %r2, %tid.x;
                setp.ge.s32 %p1, %r2, %r1;
                @%p1 bra DONE;
                cvta.to.global.u64 %rd3, %rd1;
                cvta.to.global.u64 %rd4, %rd2;
                mul.wide.s32 %rd5, %r2, 4;
                add.s64 %rd6, %rd3, %rd5;
                ld.global.f32 %f2, [%rd6];
                mul.f32 %f3, %f1, %f2;
                add.s64 %rd7, %rd4, %rd5;
                st.global.f32 [%rd7], %f3;
            DONE:
                ret;
            }

            .visible .entry fault(
                .param .u64 fault_param_0
            )
            .maxntid 32, 1, 1
            {
                .reg .b32 %r<2>;
                .reg .b64 %rd<4>;
                ld.param.u64 %rd1, [fault_param_0];
                cvta.to.global.u64 %rd2, %rd1;
                add.s64 %rd3, %rd2, 1099511627776;
                mov.u32 %r1, 1;
                st.global.u32 [%rd3], %r1;
                ret;
            }
            """);

    private TestKernels() {}
}
