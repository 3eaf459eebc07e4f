package dev.clusca.emulator.driver;

/** Small PTX modules for tests. */
final class Kernels {
    /**
     * {@code add(y, n, a)}: y[i] += a for i below n. {@code step}: 16 threads at most. {@code mixed}: parameters of four sizes, of which it
     * stores the last two. A global variable, a constant one, and a kernel that reads them.
     */
    static final String PTX = """
            .version 7.0
            .target sm_80
            .address_size 64

            .global .align 4 .u32 counter = 5;
            .const .align 4 .u32 factor = 3;

            .visible .entry add(.param .u64 y, .param .u32 n, .param .u32 a)
            .maxntid 256, 1, 1
            {
                .reg .pred %p<2>;
                .reg .b32 %r<8>;
                .reg .b64 %rd<4>;
                ld.param.u64 %rd1, [y];
                ld.param.u32 %r1, [n];
                ld.param.u32 %r2, [a];
                mov.u32 %r3, %ctaid.x;
                mov.u32 %r4, %ntid.x;
                mov.u32 %r5, %tid.x;
                mad.lo.s32 %r6, %r3, %r4, %r5;
                setp.ge.s32 %p1, %r6, %r1;
                @%p1 bra DONE;
                cvta.to.global.u64 %rd2, %rd1;
                mul.wide.s32 %rd3, %r6, 4;
                add.s64 %rd2, %rd2, %rd3;
                ld.global.u32 %r7, [%rd2];
                add.s32 %r7, %r7, %r2;
                st.global.u32 [%rd2], %r7;
            DONE:
                ret;
            }

            .visible .entry mixed(.param .u32 a, .param .u64 y, .param .u16 b, .param .f32 c)
            {
                .reg .b16 %rs<2>;
                .reg .b32 %r<3>;
                .reg .f32 %f<2>;
                .reg .b64 %rd<3>;
                ld.param.u64 %rd1, [y];
                ld.param.u16 %rs1, [b];
                ld.param.f32 %f1, [c];
                cvta.to.global.u64 %rd2, %rd1;
                cvt.u32.u16 %r1, %rs1;
                st.global.u32 [%rd2], %r1;
                st.global.f32 [%rd2+4], %f1;
                ret;
            }

            .visible .entry scaled(.param .u64 y)
            {
                .reg .b32 %r<4>;
                .reg .b64 %rd<3>;
                ld.param.u64 %rd1, [y];
                cvta.to.global.u64 %rd2, %rd1;
                ld.global.u32 %r1, [counter];
                ld.const.u32 %r2, [factor];
                mul.lo.s32 %r3, %r1, %r2;
                st.global.u32 [%rd2], %r3;
                ret;
            }

            .visible .entry shared(.param .u64 y)
            {
                .reg .b32 %r<4>;
                .reg .b64 %rd<3>;
                .shared .align 4 .b8 buffer[1024];
                ld.param.u64 %rd1, [y];
                cvta.to.global.u64 %rd2, %rd1;
                mov.u32 %r1, buffer;
                mov.u32 %r2, 9;
                st.shared.u32 [%r1], %r2;
                ld.shared.u32 %r3, [%r1];
                st.global.u32 [%rd2], %r3;
                ret;
            }
            """;

    private Kernels() {}
}
