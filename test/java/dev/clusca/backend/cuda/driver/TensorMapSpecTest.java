package dev.clusca.backend.cuda.driver;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.bindings.cuda.Cuda;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The description of a bulk copy, at the limits that {@code cuda.h} states and beyond them. */
class TensorMapSpecTest {
    private static final int BF16 = Cuda.CU_TENSOR_MAP_DATA_TYPE_BFLOAT16();
    private static final int S32 = Cuda.CU_TENSOR_MAP_DATA_TYPE_INT32();
    private static final int SWIZZLE_32 = Cuda.CU_TENSOR_MAP_SWIZZLE_32B();
    private static final int SWIZZLE_128 = Cuda.CU_TENSOR_MAP_SWIZZLE_128B();
    private static final int INTERLEAVE_16 = Cuda.CU_TENSOR_MAP_INTERLEAVE_16B();
    private static final int INTERLEAVE_32 = Cuda.CU_TENSOR_MAP_INTERLEAVE_32B();

    /** A description that one test changes in one respect. */
    private record Plan(
            int type,
            long address,
            List<Long> sizes,
            List<Long> strides,
            List<Integer> box,
            List<Integer> steps,
            int interleave,
            int swizzle,
            int promotion,
            int fill) {
        static Plan usual() {
            return axes(3);
        }

        static Plan axes(int axes) {
            return new Plan(
                    BF16,
                    4096,
                    Collections.nCopies(axes, 64L),
                    Collections.nCopies(Math.max(0, axes - 1), 128L),
                    Collections.nCopies(axes, 64),
                    Collections.nCopies(axes, 1),
                    0,
                    SWIZZLE_128,
                    2,
                    0);
        }

        Plan type(int value) {
            return new Plan(value, address, sizes, strides, box, steps, interleave, swizzle, promotion, fill);
        }

        Plan address(long value) {
            return new Plan(type, value, sizes, strides, box, steps, interleave, swizzle, promotion, fill);
        }

        Plan sizes(Long... values) {
            return new Plan(type, address, List.of(values), strides, box, steps, interleave, swizzle, promotion, fill);
        }

        Plan strides(Long... values) {
            return new Plan(type, address, sizes, List.of(values), box, steps, interleave, swizzle, promotion, fill);
        }

        Plan box(Integer... values) {
            return new Plan(
                    type, address, sizes, strides, List.of(values), steps, interleave, swizzle, promotion, fill);
        }

        Plan steps(Integer... values) {
            return new Plan(type, address, sizes, strides, box, List.of(values), interleave, swizzle, promotion, fill);
        }

        Plan layout(int newInterleave, int newSwizzle) {
            return new Plan(type, address, sizes, strides, box, steps, newInterleave, newSwizzle, promotion, fill);
        }

        Plan other(int newPromotion, int newFill) {
            return new Plan(type, address, sizes, strides, box, steps, interleave, swizzle, newPromotion, newFill);
        }

        TensorMapSpec spec() {
            return new TensorMapSpec(type, address, sizes, strides, box, steps, interleave, swizzle, promotion, fill);
        }
    }

    private static void accepts(Plan plan) {
        assertThatCode(plan::spec).as("%s", plan).doesNotThrowAnyException();
    }

    private static void refuses(Plan plan, String message) {
        assertThatThrownBy(plan::spec)
                .as("%s", plan)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a tensor map " + message);
    }

    @Test
    void hasOneToFiveAxesAndAStrideFewer() {
        accepts(Plan.axes(1));
        accepts(Plan.axes(5));
        String expected = "; expected 1 to 5 axes, with one stride fewer than axes and the others as many";
        refuses(Plan.axes(0), "has 0 sizes, 0 strides, a box of 0 axes and 0 element strides" + expected);
        refuses(Plan.axes(6), "has 6 sizes, 5 strides, a box of 6 axes and 6 element strides" + expected);
        refuses(
                Plan.usual().strides(128L, 128L, 128L),
                "has 3 sizes, 3 strides, a box of 3 axes and 3 element strides" + expected);
        refuses(Plan.usual().box(64, 8), "has 3 sizes, 2 strides, a box of 2 axes and 3 element strides" + expected);
        refuses(Plan.usual().steps(1), "has 3 sizes, 2 strides, a box of 3 axes and 1 element strides" + expected);
    }

    @Test
    void liesAtSixteenBytes() {
        accepts(Plan.usual().address(16));
        refuses(Plan.usual().address(4104), "lies at 0x1008; expected a multiple of 16");
        accepts(Plan.usual().layout(INTERLEAVE_16, 0).address(4112));
        refuses(
                Plan.usual().layout(INTERLEAVE_32, SWIZZLE_32).address(4112),
                "lies at 0x1010; expected a multiple of 32");
    }

    @Test
    void sizesAndStridesHaveBounds() {
        accepts(Plan.usual().sizes(1L, 64L, 1L << 32));
        refuses(Plan.usual().sizes(0L, 64L, 64L), "has the size 0; expected 1 to 4294967296");
        refuses(Plan.usual().sizes(64L, 64L, (1L << 32) + 1), "has the size 4294967297; expected 1 to 4294967296");
        accepts(Plan.usual().strides(16L, (1L << 40) - 16));
        refuses(Plan.usual().strides(128L, 1L << 40), "has the stride 1099511627776; expected 1 to 1099511627775");
        refuses(Plan.usual().strides(0L, 128L), "has the stride 0; expected 1 to 1099511627775");
        refuses(Plan.usual().strides(136L, 128L), "has a stride of 136 bytes; expected a multiple of 16");
        refuses(
                Plan.usual().layout(INTERLEAVE_32, SWIZZLE_32).strides(144L, 128L),
                "has a stride of 144 bytes; expected a multiple of 32");
    }

    @Test
    void aBoxIsSmall() {
        accepts(Plan.usual().box(64, 256, 1));
        refuses(Plan.usual().box(64, 257, 1), "has the extent of the box 257; expected 1 to 256");
        refuses(Plan.usual().box(64, 0, 1), "has the extent of the box 0; expected 1 to 256");
        accepts(Plan.usual().steps(1, 8, 1));
        refuses(Plan.usual().steps(1, 9, 1), "has the element stride 9; expected 1 to 8");
        refuses(Plan.usual().steps(0, 1, 1), "has the element stride 0; expected 1 to 8");
    }

    @Test
    void aRowOfABoxFitsPiecesAndSwizzle() {
        accepts(Plan.usual().box(8, 1, 1));
        refuses(
                Plan.usual().box(12, 1, 1),
                "has a box of 24 bytes along the innermost axis; expected a multiple of 16");
        refuses(
                Plan.usual().box(72, 1, 1),
                "has a box of 144 bytes along the innermost axis; expected at most the 128 that its swizzle mixes");
        refuses(
                Plan.usual().layout(0, SWIZZLE_32).box(24, 1, 1),
                "has a box of 48 bytes along the innermost axis; expected at most the 32 that its swizzle mixes");
        accepts(Plan.usual().layout(0, 0).box(256, 1, 1));
        // Interleaved rows are no rows of bytes side by side.
        accepts(Plan.usual().layout(INTERLEAVE_16, SWIZZLE_32).box(72, 1, 1));
    }

    @Test
    void anInterleaveNeedsThreeAxesAndItsSwizzle() {
        accepts(Plan.usual().layout(INTERLEAVE_32, SWIZZLE_32));
        refuses(Plan.axes(2).layout(INTERLEAVE_16, 0), "is interleaved and has 2 axes; expected at least 3");
        refuses(
                Plan.usual().layout(INTERLEAVE_32, SWIZZLE_128),
                "has an interleave of 32 bytes and swizzle 3; expected swizzle 1, of 32 bytes");
    }

    @Test
    void enumerationsAreThoseOfTheHeader() {
        accepts(Plan.usual().type(12).box(32, 1, 1));
        refuses(Plan.usual().type(13), "has the data type 13; expected 0 to 12");
        refuses(Plan.usual().type(-1), "has the data type -1; expected 0 to 12");
        refuses(Plan.usual().layout(3, 0), "has the interleave 3; expected 0 to 2");
        refuses(Plan.usual().layout(0, 7), "has the swizzle 7; expected 0 to 6");
        refuses(Plan.usual().other(4, 0), "has the L2 promotion 4; expected 0 to 3");
        accepts(Plan.usual().other(3, 1));
        refuses(Plan.usual().other(2, 2), "has the fill of what is out of bounds 2; expected 0 to 1");
        refuses(
                Plan.usual().type(S32).box(32, 1, 1).other(2, 1),
                "has the fill of what is out of bounds 1; expected 0 to 0");
    }
}
