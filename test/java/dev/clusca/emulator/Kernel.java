package dev.clusca.emulator;

import dev.clusca.emulator.ptx.Ptx;
import dev.clusca.emulator.report.Dim3;
import dev.clusca.emulator.report.LaunchReport;
import java.lang.foreign.MemorySegment;

/**
 * A kernel with one array of words, {@code %rd1}, and the address of this thread's word in it, {@code %rd2}. {@code %r1} is the thread's number in its block, {@code %r2} the block's, {@code %r3} the
 * thread's in the grid.
 */
final class Kernel {
    private static final String TEXT = """
            .version 7.0
            .target sm_80
            .address_size 64
            .visible .entry k(.param .u64 words)
            {
              .reg .pred %%p<16>;
              .reg .b16 %%h<16>;
              .reg .b32 %%r<64>;
              .reg .b64 %%rd<32>;
              .reg .f32 %%f<32>;
              .shared .align 16 .b8 tile[8192];
              ld.param.u64 %%rd1, [words];
              mov.u32 %%r1, %%tid.x;
              mov.u32 %%r2, %%ctaid.x;
              mov.u32 %%r4, %%ntid.x;
              mad.lo.s32 %%r3, %%r2, %%r4, %%r1;
              mul.wide.u32 %%rd2, %%r3, 4;
              add.s64 %%rd2, %%rd1, %%rd2;
              %s
              ret;
            }
            """;

    private final Emulator emulator;
    private final Ptx module;
    private final long address;
    private final int words;

    private Kernel(Emulator emulator, String body, int[] words) {
        this.emulator = emulator;
        this.module = Ptx.parse(TEXT.formatted(body));
        this.words = words.length;
        address = emulator.allocate(4L * words.length, "words");
        emulator.write(address, MemorySegment.ofArray(words));
    }

    /** A kernel on an emulator with one host thread. */
    static Kernel of(String body, int[] words) {
        return of(Lanes.SEED, EmulatorOptions.DEFAULT.withThreads(1).withBudget(2_000_000), body, words);
    }

    static Kernel of(long seed, EmulatorOptions options, String body, int[] words) {
        return new Kernel(Emulator.create(seed, options), body, words);
    }

    LaunchReport launch(int blocks, int threads) {
        return emulator.launch(module, "k", Dim3.of(blocks), Dim3.of(threads), 0, new Parameters().pointer(address));
    }

    LaunchReport launchCooperative(int blocks, int threads) {
        return emulator.launchCooperative(
                module, "k", Dim3.of(blocks), Dim3.of(threads), 0, new Parameters().pointer(address));
    }

    /** The words after a launch without faults. */
    int[] run(int blocks, int threads) {
        launch(blocks, threads).orThrow();
        return words();
    }

    int[] words() {
        int[] result = new int[words];
        emulator.read(address, MemorySegment.ofArray(result));
        return result;
    }
}
