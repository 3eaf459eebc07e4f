package dev.clusca.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.emulator.ptx.Entry;
import dev.clusca.emulator.ptx.Ptx;
import dev.clusca.emulator.ptx.PtxException;
import dev.clusca.emulator.ptx.Variable;
import dev.clusca.random.Philox;
import java.time.Duration;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The parser: what it finds in real modules, what it says about broken ones, and that no mutation of a real module makes it fail in another way. */
class ParserTest {
    private static final String SAMPLES = Planted.text("nvcc/samples.ptx");

    private static String kernel(String body) {
        return """
                .version 7.0
                .target sm_80
                .address_size 64
                .visible .entry k(.param .u64 a)
                {
                .reg .pred %p<4>;
                .reg .b32 %r<8>;
                .reg .b64 %rd<8>;
                .reg .f32 %f<8>;
                """ + body + "\nret;\n}\n";
    }

    private static void load(String text) {
        Emulator.create(1, EmulatorOptions.DEFAULT).load(Ptx.parse(text));
    }

    @Test
    void readsWhatNvccPrints() {
        Ptx module = Ptx.parse(SAMPLES);
        assertThat(module.version()).isEqualTo("7.4");
        assertThat(module.target()).isEqualTo("sm_80");
        assertThat(module.entries().keySet())
                .containsExactly(
                        "saxpy",
                        "layer_norm",
                        "gemm",
                        "mathematics",
                        "helpers",
                        "groups",
                        "structure",
                        "generic",
                        "pairs");
        Entry saxpy = module.entry("saxpy");
        assertThat(saxpy.maxThreads()).isEqualTo(128);
        assertThat(saxpy.parameters()).extracting(Variable::offset).containsExactly(0L, 8L, 16L, 20L);
        assertThat(saxpy.parameterBytes()).isEqualTo(24);
        assertThat(module.entry("layer_norm").sharedBytes()).isEqualTo(64);
        assertThat(module.variables()).extracting(Variable::name).contains("table");
        assertThatThrownBy(() -> module.entry("nothing"))
                .hasMessageContaining("no kernel nothing; it has [saxpy, layer_norm");
    }

    @Test
    void laysParametersOutAsCDoes() {
        Ptx module = Ptx.parse("""
                .version 7.0
                .target sm_80
                .address_size 64
                .entry k(.param .u32 a, .param .u64 .ptr .global .align 16 b, .param .align 128 .b8 map[128], .param .u8 c, .param .f32 d)
                { ret; }
                """);
        assertThat(module.entry("k").parameters())
                .extracting(Variable::offset)
                .containsExactly(0L, 8L, 128L, 256L, 260L);
        assertThat(module.entry("k").parameterBytes()).isEqualTo(264);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "add.s32 %r1, %r2, %r99;|10|'%r99'",
                "frobnicate.u32 %r1, %r2;|10|unknown instruction 'frobnicate.u32 %r1, %r2'",
                "add.s32.wrong %r1, %r2, %r3;|10|unknown instruction",
                "add.strange.s32 %r1, %r2, %r3;|10|does not know '.strange'",
                "add.s32 %r1, %r2;|10|it has 2 operands",
                "add.s32 %r1, %f1, %rd1|11|where ',' or ';' belongs",
                "@%r1 bra DONE;|10|no predicate register",
                "bra NOWHERE;|10|neither a register, a variable nor a label",
                "mov.u32 %r1, %unheardof;|10|'%unheardof'",
                "add.f32 %f1, %rd1, %f2;|10|cannot be used as .f32",
                "ld.global.v2.u32 %r1, [%rd1];|10|names 1 registers for 2 elements",
                "mma.sync.aligned.m8n8k4.row.col.f32.f16.f16.f32 {%f1}, {%r1}, {%r1}, {%f1};|10|unknown instruction",
                "mov.u32 %r1, 0x12345678901234567890;|10|is not a number",
                ".reg .b32 %x<99999999>;|10|more than 65536 registers",
                "A: A: ret;|10|stands twice",
                ".shared .align 3 .b8 s[4];|10|not a power of two",
                ".shared .b8 s[49150]; .shared .align 4 .b8 t[4];|4|declares 49156 bytes of shared memory; it may have 49152",
                "call.uni (retval0), sinf, (param0);|10|where",
                "mov.b32 %r1, {%r2, %r3, %r4};|10|unknown instruction"
            })
    void namesTheLineAndTheReason(String statement, int line, String reason) {
        assertThatThrownBy(() -> load(kernel(statement)))
                .isInstanceOfSatisfying(
                        PtxException.class, e -> assertThat(e.line()).isEqualTo(line))
                .hasMessageStartingWith("PTX line " + line + ": ")
                .hasMessageContaining(reason);
    }

    @Test
    void refusesWhatIsNoModule() {
        assertThatThrownBy(() -> Ptx.parse("")).hasMessageContaining("this is not a PTX module");
        assertThatThrownBy(() -> Ptx.parse("\177ELF")).hasMessageContaining("this is not a PTX module");
        assertThatThrownBy(() -> Ptx.parse(kernel("/* no end"))).hasMessageContaining("a comment has no end");
        assertThatThrownBy(() -> Ptx.parse(kernel("{".repeat(100_000)))).hasMessageContaining("nested deeper than");
        assertThatThrownBy(() -> Ptx.parse(kernel("mov.u32 %r1, " + "-".repeat(100_000) + "1;")))
                .isInstanceOf(PtxException.class);
        assertThatThrownBy(() -> Ptx.parse(".version 7.0\n.target sm_80\n.func f() { ret; }"))
                .hasMessageContaining("line 3")
                .hasMessageContaining("__forceinline__");
    }

    @Test
    void noMutationOfARealModuleBreaksAnythingElse() {
        String[] words = {
            "%r1",
            "{",
            "}",
            "[",
            "]",
            ";",
            ",",
            "0x",
            "-1",
            "4294967296",
            ".v4",
            "@",
            "!",
            "|",
            ":",
            "::",
            "\"",
            "%p1",
            ".align",
            ".b8",
            ".reg",
            "<9>",
            "_"
        };
        Assertions.assertTimeout(Duration.ofSeconds(60), () -> {
            for (int round = 0; round < 400; round++) {
                StringBuilder text = new StringBuilder(SAMPLES);
                int changes = 1 + Integer.remainderUnsigned(draw(round, 0), 4);
                for (int k = 1; k <= changes; k++) {
                    int at = Integer.remainderUnsigned(draw(round, 4 * k), text.length());
                    int length = Math.min(Integer.remainderUnsigned(draw(round, 4 * k + 1), 12), text.length() - at);
                    switch (draw(round, 4 * k + 2) & 3) {
                        case 0 -> text.delete(at, at + length);
                        case 1 ->
                            text.insert(at, words[Integer.remainderUnsigned(draw(round, 4 * k + 3), words.length)]);
                        case 2 ->
                            text.setCharAt(at, (char) (32 + Integer.remainderUnsigned(draw(round, 4 * k + 3), 95)));
                        default -> text.insert(at, text.substring(at, at + length));
                    }
                }
                parseOrRefuse(text.toString(), round);
            }
        });
    }

    private static void parseOrRefuse(String text, int round) {
        try {
            load(text);
        } catch (PtxException e) {
            assertThat(e.line()).isBetween(1, (int) text.lines().count() + 1);
            assertThat(e).message().as("round %d", round).startsWith("PTX line ");
        } catch (RuntimeException e) {
            throw new AssertionError("round " + round + ", -Dclusca.seed=" + Lanes.SEED, e);
        }
    }

    private static int draw(int round, int k) {
        return Philox.draw(Lanes.SEED, round, k, 9, 0);
    }
}
