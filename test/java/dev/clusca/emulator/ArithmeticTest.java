package dev.clusca.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every arithmetic, logic, comparison and conversion instruction against a formula in Java, all 32 lanes with random and awkward numbers. */
class ArithmeticTest {
    private interface Formula {
        long of(long a, long b, long c);
    }

    private interface Ints {
        int of(int a, int b, int c);
    }

    private interface Floats {
        float of(float a, float b, float c);
    }

    private interface Doubles {
        double of(double a, double b, double c);
    }

    /** One instruction: the PTX around it and what it must give. */
    private record Case(String body, char kind, Formula formula) {
        @Override
        public String toString() {
            return body.lines().findFirst().orElse(body);
        }
    }

    private static Case ints(String instruction, Ints f) {
        return new Case(
                instruction + " %r20, %r10, %r11, %r12;\ncvt.u64.u32 %rd20, %r20;",
                'i',
                (a, b, c) -> f.of((int) a, (int) b, (int) c) & 0xffffffffL);
    }

    private static Case ints2(String instruction, Ints f) {
        return new Case(
                instruction + " %r20, %r10, %r11;\ncvt.u64.u32 %rd20, %r20;",
                'i',
                (a, b, c) -> f.of((int) a, (int) b, (int) c) & 0xffffffffL);
    }

    private static Case ints1(String instruction, Ints f) {
        return new Case(
                instruction + " %r20, %r10;\ncvt.u64.u32 %rd20, %r20;",
                'i',
                (a, b, c) -> f.of((int) a, (int) b, (int) c) & 0xffffffffL);
    }

    private static Case shorts2(String instruction, Ints f) {
        return new Case(
                "cvt.u16.u32 %h1, %r10; cvt.u16.u32 %h2, %r11; " + instruction
                        + " %h3, %h1, %h2; cvt.u64.u16 %rd20, %h3;",
                'i',
                (a, b, c) -> f.of((int) a & 0xffff, (int) b & 0xffff, 0) & 0xffff);
    }

    private static Case longs2(String instruction, Formula f) {
        return new Case(instruction + " %rd20, %rd10, %rd11;", 'i', f);
    }

    private static Case longs1(String instruction, Formula f) {
        return new Case(instruction + " %rd20, %rd10;", 'i', f);
    }

    private static Case floats3(String instruction, Floats f) {
        return floats(instruction + " %f20, %f10, %f11, %f12;", f);
    }

    private static Case floats2(String instruction, Floats f) {
        return floats(instruction + " %f20, %f10, %f11;", f);
    }

    private static Case floats1(String instruction, Floats f) {
        return floats(instruction + " %f20, %f10;", f);
    }

    private static Case floats(String instruction, Floats f) {
        return new Case(
                instruction + "\nmov.b32 %r20, %f20;\ncvt.u64.u32 %rd20, %r20;",
                'f',
                (a, b, c) -> Float.floatToRawIntBits(f.of(
                                Float.intBitsToFloat((int) a), Float.intBitsToFloat((int) b), Float.intBitsToFloat((int)
                                        c)))
                        & 0xffffffffL);
    }

    private static Case doubles(String instruction, Doubles f) {
        return new Case(
                "mov.b64 %d10, %rd10; mov.b64 %d11, %rd11; mov.b64 %d12, %rd12;\n" + instruction
                        + "\nmov.b64 %rd20, %d20;",
                'd',
                (a, b, c) -> Double.doubleToRawLongBits(
                        f.of(Double.longBitsToDouble(a), Double.longBitsToDouble(b), Double.longBitsToDouble(c))));
    }

    /** A comparison, as 1 or 0. */
    private static Case test(String instruction, char kind, Formula f) {
        String suffix = kind == 'f' ? " %p1, %f10, %f11;" : kind == 'l' ? " %p1, %rd10, %rd11;" : " %p1, %r10, %r11;";
        return new Case(instruction + suffix + "\nselp.b64 %rd20, 1, 0, %p1;", kind == 'l' ? 'i' : kind, f);
    }

    private static long bit(boolean b) {
        return b ? 1 : 0;
    }

    private static float f(long bits) {
        return Float.intBitsToFloat((int) bits);
    }

    static Stream<Case> cases() {
        return Stream.of(
                        integerCases(),
                        shiftCases(),
                        longCases(),
                        shortCases(),
                        floatCases(),
                        doubleCases(),
                        testCases(),
                        conversionCases())
                .flatMap(s -> s);
    }

    private static Stream<Case> integerCases() {
        return Stream.of(
                ints2("add.s32", (a, b, c) -> a + b),
                ints2("sub.u32", (a, b, c) -> a - b),
                ints2("mul.lo.s32", (a, b, c) -> a * b),
                ints2("mul.hi.s32", (a, b, c) -> (int) ((long) a * b >> 32)),
                ints2("mul.hi.u32", (a, b, c) -> (int) ((a & 0xffffffffL) * (b & 0xffffffffL) >>> 32)),
                ints("mad.lo.s32", (a, b, c) -> a * b + c),
                ints("mad.hi.s32", (a, b, c) -> (int) ((long) a * b >> 32) + c),
                ints2("div.s32", (a, b, c) -> b == 0 ? -1 : a / b),
                ints2("div.u32", (a, b, c) -> b == 0 ? -1 : Integer.divideUnsigned(a, b)),
                ints2("rem.s32", (a, b, c) -> b == 0 ? a : a % b),
                ints2("rem.u32", (a, b, c) -> b == 0 ? a : Integer.remainderUnsigned(a, b)),
                ints2("min.s32", (a, b, c) -> Math.min(a, b)),
                ints2("max.s32", (a, b, c) -> Math.max(a, b)),
                ints2("min.u32", (a, b, c) -> Integer.compareUnsigned(a, b) < 0 ? a : b),
                ints2("max.u32", (a, b, c) -> Integer.compareUnsigned(a, b) > 0 ? a : b),
                ints1("neg.s32", (a, b, c) -> -a),
                ints1("abs.s32", (a, b, c) -> Math.abs(a)),
                ints("sad.s32", (a, b, c) -> c + (int) Math.abs((long) a - b)),
                ints2("and.b32", (a, b, c) -> a & b),
                ints2("or.b32", (a, b, c) -> a | b),
                ints2("xor.b32", (a, b, c) -> a ^ b),
                ints1("not.b32", (a, b, c) -> ~a),
                ints1("popc.b32", (a, b, c) -> Integer.bitCount(a)),
                ints1("clz.b32", (a, b, c) -> Integer.numberOfLeadingZeros(a)),
                ints1("brev.b32", (a, b, c) -> Integer.reverse(a)),
                ints1("bfind.u32", (a, b, c) -> 31 - Integer.numberOfLeadingZeros(a)),
                ints1("bfind.s32", (a, b, c) -> 31 - Integer.numberOfLeadingZeros(a < 0 ? ~a : a)),
                ints1("bfind.shiftamt.u32", (a, b, c) -> a == 0 ? -1 : Integer.numberOfLeadingZeros(a)),
                new Case(
                        "lop3.b32 %r20, %r10, %r11, %r12, 0x96; cvt.u64.u32 %rd20, %r20;",
                        'i', (a, b, c) -> (a ^ b ^ c) & 0xffffffffL),
                new Case("mul.wide.s32 %rd20, %r10, %r11;", 'i', (a, b, c) -> (long) (int) a * (int) b),
                new Case("mul.wide.u32 %rd20, %r10, %r11;", 'i', (a, b, c) -> (a & 0xffffffffL) * (b & 0xffffffffL)),
                new Case("mad.wide.s32 %rd20, %r10, %r11, %rd12;", 'i', (a, b, c) -> (long) (int) a * (int) b + c),
                new Case(
                        "bfi.b32 %r20, %r10, %r11, 7, 11; cvt.u64.u32 %rd20, %r20;",
                        'i', (a, b, c) -> (b & ~(0x7ffL << 7) | (a & 0x7ff) << 7) & 0xffffffffL),
                new Case("bfe.u32 %r20, %r10, 5, 9; cvt.u64.u32 %rd20, %r20;", 'i', (a, b, c) -> a >>> 5 & 0x1ff),
                new Case(
                        "bfe.s32 %r20, %r10, 5, 9; cvt.u64.u32 %rd20, %r20;",
                        'i', (a, b, c) -> ((int) a << 18 >> 23) & 0xffffffffL),
                new Case(
                        "prmt.b32 %r20, %r10, %r11, 0x7b20; cvt.u64.u32 %rd20, %r20;",
                        'i',
                        (a, b, c) -> a & 0xff
                                | (a >>> 16 & 0xff) << 8
                                | ((int) a < 0 ? 0xffL : 0) << 16
                                | (b >>> 24 & 0xff) << 24));
    }

    private static Stream<Case> shiftCases() {
        return Stream.of(
                ints2("shl.b32", (a, b, c) -> Integer.compareUnsigned(b, 31) > 0 ? 0 : a << b),
                ints2("shr.u32", (a, b, c) -> Integer.compareUnsigned(b, 31) > 0 ? 0 : a >>> b),
                ints2("shr.s32", (a, b, c) -> a >> (Integer.compareUnsigned(b, 31) > 0 ? 31 : b)),
                new Case("shl.b64 %rd20, %rd10, %r11;", 'i', (a, b, c) -> (b & 0xffffffffL) > 63 ? 0 : a << (int) b),
                new Case("shr.u64 %rd20, %rd10, %r11;", 'i', (a, b, c) -> (b & 0xffffffffL) > 63 ? 0 : a >>> (int) b),
                new Case("shr.s64 %rd20, %rd10, %r11;", 'i', (a, b, c) -> a >> ((b & 0xffffffffL) > 63 ? 63 : (int) b)),
                ints("shf.l.wrap.b32", (a, b, c) -> (int) (((long) b << 32 | a & 0xffffffffL) << (c & 31) >>> 32)),
                ints("shf.r.wrap.b32", (a, b, c) -> (int) (((long) b << 32 | a & 0xffffffffL) >>> (c & 31))),
                ints(
                        "shf.r.clamp.b32",
                        (a, b, c) -> Integer.compareUnsigned(c, 31) > 0
                                ? b
                                : (int) (((long) b << 32 | a & 0xffffffffL) >>> c)));
    }

    private static Stream<Case> longCases() {
        return Stream.of(
                longs2("add.s64", (a, b, c) -> a + b),
                longs2("sub.s64", (a, b, c) -> a - b),
                longs2("mul.lo.s64", (a, b, c) -> a * b),
                longs2("mul.hi.s64", (a, b, c) -> product(BigInteger.valueOf(a), BigInteger.valueOf(b))),
                longs2("mul.hi.u64", (a, b, c) -> product(unsigned(a), unsigned(b))),
                longs2("div.s64", (a, b, c) -> b == 0 ? -1 : a / b),
                longs2("rem.u64", (a, b, c) -> b == 0 ? a : Long.remainderUnsigned(a, b)),
                longs2("min.s64", (a, b, c) -> Math.min(a, b)),
                longs2("max.u64", (a, b, c) -> Long.compareUnsigned(a, b) > 0 ? a : b),
                longs2("and.b64", (a, b, c) -> a & b),
                longs2("or.b64", (a, b, c) -> a | b),
                longs2("xor.b64", (a, b, c) -> a ^ b),
                longs1("not.b64", (a, b, c) -> ~a),
                longs1("neg.s64", (a, b, c) -> -a),
                longs1("abs.s64", (a, b, c) -> Math.abs(a)),
                longs1("brev.b64", (a, b, c) -> Long.reverse(a)),
                new Case("popc.b64 %r20, %rd10; cvt.u64.u32 %rd20, %r20;", 'i', (a, b, c) -> Long.bitCount(a)),
                new Case(
                        "clz.b64 %r20, %rd10; cvt.u64.u32 %rd20, %r20;",
                        'i', (a, b, c) -> Long.numberOfLeadingZeros(a)),
                new Case("mad.lo.s64 %rd20, %rd10, %rd11, %rd12;", 'i', (a, b, c) -> a * b + c),
                new Case("bfi.b64 %rd20, %rd10, %rd11, 32, 32;", 'i', (a, b, c) -> b & 0xffffffffL | a << 32),
                new Case(
                        "mov.b64 {%r20, %r21}, %rd10; mov.b64 %rd20, {%r21, %r20};",
                        'i', (a, b, c) -> Long.rotateLeft(a, 32)),
                new Case(
                        "mov.b32 {%h1, %h2}, %r10; mov.b32 %r20, {%h2, %h1}; cvt.u64.u32 %rd20, %r20;",
                        'i', (a, b, c) -> Integer.rotateLeft((int) a, 16) & 0xffffffffL));
    }

    private static long product(BigInteger a, BigInteger b) {
        return a.multiply(b).shiftRight(64).longValue();
    }

    private static BigInteger unsigned(long a) {
        return new BigInteger(Long.toUnsignedString(a));
    }

    private static Stream<Case> shortCases() {
        return Stream.of(
                shorts2("add.s16", (a, b, c) -> a + b),
                shorts2("sub.s16", (a, b, c) -> a - b),
                shorts2("mul.lo.s16", (a, b, c) -> a * b),
                shorts2("min.s16", (a, b, c) -> Math.min((short) a, (short) b)),
                shorts2("max.u16", (a, b, c) -> Math.max(a, b)),
                shorts2("xor.b16", (a, b, c) -> a ^ b),
                shorts2("div.s16", (a, b, c) -> b == 0 ? -1 : (short) a / (short) b),
                new Case(
                        "cvt.u16.u32 %h1, %r10; shr.s16 %h2, %h1, 3; cvt.u64.u16 %rd20, %h2;",
                        'i', (a, b, c) -> (short) a >> 3 & 0xffff),
                new Case(
                        "cvt.u16.u32 %h1, %r10; cvt.u16.u32 %h2, %r11; mul.wide.s16 %r20, %h1, %h2; cvt.u64.u32 %rd20, %r20;",
                        'i', (a, b, c) -> (short) a * (short) b & 0xffffffffL));
    }

    private static Stream<Case> floatCases() {
        return Stream.of(
                floats2("add.f32", (a, b, c) -> a + b),
                floats2("sub.f32", (a, b, c) -> a - b),
                floats2("mul.f32", (a, b, c) -> a * b),
                floats3("fma.rn.f32", Math::fma),
                floats2("div.rn.f32", (a, b, c) -> a / b),
                floats1("rcp.rn.f32", (a, b, c) -> 1 / a),
                floats1("sqrt.rn.f32", (a, b, c) -> (float) Math.sqrt(a)),
                floats2("min.f32", (a, b, c) -> Float.isNaN(a) ? b : Float.isNaN(b) ? a : Math.min(a, b)),
                floats2("max.f32", (a, b, c) -> Float.isNaN(a) ? b : Float.isNaN(b) ? a : Math.max(a, b)),
                floats2("max.NaN.f32", (a, b, c) -> Math.max(a, b)),
                floats1("neg.f32", (a, b, c) -> -a),
                floats1("abs.f32", (a, b, c) -> Math.abs(a)),
                floats2("add.sat.f32", (a, b, c) -> a + b > 0 ? Math.min(a + b, 1) : 0),
                floats("selp.f32 %f20, %f10, %f11, 1;", (a, b, c) -> a),
                floats("setp.gt.f32 %p1, %f10, %f11; selp.f32 %f20, %f10, %f11, %p1;", (a, b, c) -> a > b ? a : b),
                floats(
                        "copysign.f32 %f20, %f10, %f11;",
                        (sign, b, c) -> Float.intBitsToFloat(Float.floatToRawIntBits(b) & Integer.MAX_VALUE
                                | Float.floatToRawIntBits(sign) & Integer.MIN_VALUE)));
    }

    private static Stream<Case> doubleCases() {
        return Stream.of(
                doubles("add.f64 %d20, %d10, %d11;", (a, b, c) -> a + b),
                doubles("mul.f64 %d20, %d10, %d11;", (a, b, c) -> a * b),
                doubles("fma.rn.f64 %d20, %d10, %d11, %d12;", Math::fma),
                doubles("div.rn.f64 %d20, %d10, %d11;", (a, b, c) -> a / b),
                doubles("sqrt.rn.f64 %d20, %d10;", (a, b, c) -> Math.sqrt(a)),
                doubles("neg.f64 %d20, %d10;", (a, b, c) -> -a),
                doubles("cvt.rn.f32.f64 %f20, %d10; cvt.f64.f32 %d20, %f20;", (a, b, c) -> (float) a));
    }

    private static Stream<Case> testCases() {
        return Stream.of(
                test("setp.eq.s32", 'i', (a, b, c) -> bit((int) a == (int) b)),
                test("setp.ne.u32", 'i', (a, b, c) -> bit((int) a != (int) b)),
                test("setp.lt.s32", 'i', (a, b, c) -> bit((int) a < (int) b)),
                test("setp.ge.s32", 'i', (a, b, c) -> bit((int) a >= (int) b)),
                test("setp.lt.u32", 'i', (a, b, c) -> bit(Integer.compareUnsigned((int) a, (int) b) < 0)),
                test("setp.hi.u32", 'i', (a, b, c) -> bit(Integer.compareUnsigned((int) a, (int) b) > 0)),
                test("setp.le.s64", 'l', (a, b, c) -> bit(a <= b)),
                test("setp.gt.u64", 'l', (a, b, c) -> bit(Long.compareUnsigned(a, b) > 0)),
                test("setp.eq.f32", 'f', (a, b, c) -> bit(f(a) == f(b))),
                test("setp.ne.f32", 'f', (a, b, c) -> bit(f(a) < f(b) || f(a) > f(b))),
                test("setp.neu.f32", 'f', (a, b, c) -> bit(f(a) != f(b))),
                test("setp.lt.f32", 'f', (a, b, c) -> bit(f(a) < f(b))),
                test("setp.ltu.f32", 'f', (a, b, c) -> bit(!(f(a) >= f(b)))),
                test("setp.leu.f32", 'f', (a, b, c) -> bit(!(f(a) > f(b)))),
                test("setp.geu.f32", 'f', (a, b, c) -> bit(!(f(a) < f(b)))),
                test("setp.gtu.f32", 'f', (a, b, c) -> bit(!(f(a) <= f(b)))),
                test("setp.equ.f32", 'f', (a, b, c) -> bit(!(f(a) < f(b) || f(a) > f(b)))),
                test("setp.nan.f32", 'f', (a, b, c) -> bit(Float.isNaN(f(a)) || Float.isNaN(f(b)))),
                test("setp.num.f32", 'f', (a, b, c) -> bit(!Float.isNaN(f(a)) && !Float.isNaN(f(b)))),
                new Case(
                        "setp.lt.s32 %p1|%p2, %r10, %r11; setp.eq.or.s32 %p3, %r10, %r12, %p2; xor.pred %p4, %p1, %p3;\nselp.b64 %rd20, 1, 0, %p4;",
                        'i', (a, b, c) -> bit((int) a < (int) b != ((int) a == (int) c || (int) a >= (int) b))));
    }

    private static Stream<Case> conversionCases() {
        return Stream.of(
                new Case("cvt.s64.s32 %rd20, %r10;", 'i', (a, b, c) -> (int) a),
                new Case("cvt.u64.u32 %rd20, %r10;", 'i', (a, b, c) -> a & 0xffffffffL),
                new Case("cvt.s32.s8 %r20, %r10; cvt.u64.u32 %rd20, %r20;", 'i', (a, b, c) -> (byte) a & 0xffffffffL),
                new Case("cvt.s32.s16 %r20, %r10; cvt.u64.u32 %rd20, %r20;", 'i', (a, b, c) -> (short) a & 0xffffffffL),
                new Case("cvt.u16.u32 %h1, %r10; cvt.s64.s16 %rd20, %h1;", 'i', (a, b, c) -> (short) a),
                new Case("cvt.u32.u64 %r20, %rd10; cvt.u64.u32 %rd20, %r20;", 'i', (a, b, c) -> a & 0xffffffffL),
                new Case(
                        "cvt.sat.u8.s32 %r20, %r10; cvt.u64.u32 %rd20, %r20;",
                        'i', (a, b, c) -> Math.clamp((int) a, 0, 255)),
                fromInt("cvt.rn.f32.s32 %f20, %r10;", a -> (float) (int) (long) a),
                fromInt("cvt.rn.f32.u32 %f20, %r10;", a -> (float) (a & 0xffffffffL)),
                fromInt("cvt.rn.f32.s64 %f20, %rd10;", a -> (float) (long) a),
                fromInt("cvt.rn.f32.u64 %f20, %rd10;", a -> new java.math.BigDecimal(unsigned(a)).floatValue()),
                toInt("cvt.rzi.s32.f32", a -> (long) (int) a & 0xffffffffL),
                toInt("cvt.rni.s32.f32", a -> Float.isNaN(a) ? 0 : (long) (int) Math.rint(a) & 0xffffffffL),
                toInt("cvt.rmi.s32.f32", a -> (long) (int) Math.floor(a) & 0xffffffffL),
                toInt("cvt.rpi.s32.f32", a -> (long) (int) Math.ceil(a) & 0xffffffffL),
                toInt("cvt.rzi.u32.f32", a -> Float.isNaN(a) ? 0 : Math.clamp((long) a, 0, 0xffffffffL)),
                floats1("cvt.rni.f32.f32", (a, b, c) -> (float) Math.rint(a)),
                floats1("cvt.rmi.f32.f32", (a, b, c) -> (float) Math.floor(a)),
                floats1("cvt.rzi.f32.f32", (a, b, c) -> a < 0 ? (float) Math.ceil(a) : (float) Math.floor(a)),
                floats1("cvt.sat.f32.f32", (a, b, c) -> a > 0 ? Math.min(a, 1) : 0),
                new Case(
                        "cvt.rn.bf16x2.f32 %r20, %f10, %f11; cvt.u64.u32 %rd20, %r20;",
                        'f', (a, b, c) -> bf16(f(a)) << 16 | bf16(f(b))),
                new Case("cvt.rn.bf16.f32 %h1, %f10; cvt.u64.u16 %rd20, %h1;", 'f', (a, b, c) -> bf16(f(a))),
                floats(
                        "{ .reg .b16 z; mov.u16 z, 0; mov.b32 {%h1, %h2}, %r10; mov.b32 %f20, {z, %h2}; }",
                        (a, b, c) -> Float.intBitsToFloat(Float.floatToRawIntBits(a) & 0xffff0000)),
                new Case(
                        "cvt.rn.f16.f32 %h1, %f10; cvt.f32.f16 %f20, %h1; mov.b32 %r20, %f20; cvt.u64.u32 %rd20, %r20;",
                        'f',
                        (a, b, c) -> Float.floatToRawIntBits(Float.float16ToFloat(Float.floatToFloat16(f(a))))
                                & 0xffffffffL));
    }

    private interface IntToFloat {
        float of(long a);
    }

    private interface FloatToInt {
        long of(float a);
    }

    private static Case fromInt(String instruction, IntToFloat f) {
        return new Case(
                instruction + "\nmov.b32 %r20, %f20; cvt.u64.u32 %rd20, %r20;",
                'i',
                (a, b, c) -> Float.floatToRawIntBits(f.of(a)) & 0xffffffffL);
    }

    private static Case toInt(String instruction, FloatToInt f) {
        return new Case(instruction + " %r20, %f10;\ncvt.u64.u32 %rd20, %r20;", 'f', (a, b, c) -> f.of(f(a)));
    }

    private static long bf16(float x) {
        if (Float.isNaN(x)) {
            return 0x7fff;
        }
        double below = Float.intBitsToFloat(Float.floatToRawIntBits(x) & 0xffff0000);
        int bits = Float.floatToRawIntBits(x) >>> 16;
        float above = Float.intBitsToFloat(bits + 1 << 16);
        if (below == x) {
            return bits & 0xffff;
        }
        double upper = Float.isInfinite(above) ? Math.copySign(0x1p128, x) : above;
        int order = Double.compare(Math.abs(x - below), Math.abs(upper - x));
        return (order < 0 || order == 0 && (bits & 1) == 0 ? bits : bits + 1) & 0xffff;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void givesWhatTheFormulaGives(Case instruction) {
        for (int round = 0; round < 8; round++) {
            long[][] arguments = new long[3][];
            for (int k = 0; k < 3; k++) {
                int stream = round * 3 + k;
                arguments[k] = switch (instruction.kind) {
                    case 'f' -> Lanes.floats(stream);
                    case 'd' -> Lanes.doubles(stream);
                    default -> Lanes.bits(stream);
                };
            }
            long[] results = Lanes.run(instruction.body, arguments[0], arguments[1], arguments[2]);
            for (int lane = 0; lane < Lanes.COUNT; lane++) {
                long expected = instruction.formula.of(arguments[0][lane], arguments[1][lane], arguments[2][lane]);
                boolean bothNaN = instruction.kind == 'f' && Float.isNaN(f(expected)) && Float.isNaN(f(results[lane]))
                        || instruction.kind == 'd'
                                && Double.isNaN(Double.longBitsToDouble(expected))
                                && Double.isNaN(Double.longBitsToDouble(results[lane]));
                if (!bothNaN) {
                    assertThat(results[lane])
                            .as(
                                    "%s of %x, %x, %x, -Dclusca.seed=%d",
                                    instruction, arguments[0][lane], arguments[1][lane], arguments[2][lane], Lanes.SEED)
                            .isEqualTo(expected);
                }
            }
        }
    }
}
