package dev.clusca.backend.cuda.driver;

import dev.clusca.bindings.cuda.Cuda;
import java.util.List;

/** What {@code cuTensorMapEncodeTiled} demands of its arguments, after its documentation in {@code cuda.h}: the driver says no more than that a value is invalid. */
final class TensorMapLimits {
    /** Bytes of an element, by {@code CUtensorMapDataType}; the packed types of 4 and 6 bits, which follow, have rules of their own. */
    private static final int[] ELEMENT_BYTES = {1, 2, 4, 4, 8, 8, 2, 4, 8, 2, 4, 4, 4};

    private static final int FIRST_FLOAT = 6;

    /** Bytes that a swizzle mixes, by {@code CUtensorMapSwizzle}. */
    private static final int[] SWIZZLE_SPAN = {Integer.MAX_VALUE, 32, 64, 128, 128, 128, 128};

    private static final int PIECE = 16;
    private static final int MAX_BOX = 256;
    private static final int MAX_ELEMENT_STRIDE = 8;
    private static final long MAX_SIZE = 1L << 32;
    private static final long MAX_STRIDE = (1L << 40) - 1;
    private static final int LEAST_INTERLEAVED_AXES = 3;

    private TensorMapLimits() {}

    static void check(
            int dataType,
            long address,
            List<Long> sizes,
            List<Long> strides,
            List<Integer> box,
            List<Integer> elementStrides,
            int interleave,
            int swizzle,
            int l2Promotion,
            int outOfBoundsFill) {
        inRange("data type", dataType, 0, ELEMENT_BYTES.length - 1L);
        inRange("interleave", interleave, 0, Cuda.CU_TENSOR_MAP_INTERLEAVE_32B());
        inRange("swizzle", swizzle, 0, SWIZZLE_SPAN.length - 1L);
        inRange("L2 promotion", l2Promotion, 0, Cuda.CU_TENSOR_MAP_L2_PROMOTION_L2_256B());
        inRange(
                "fill of what is out of bounds",
                outOfBoundsFill,
                0,
                dataType >= FIRST_FLOAT ? Cuda.CU_TENSOR_MAP_FLOAT_OOB_FILL_NAN_REQUEST_ZERO_FMA() : 0);
        boolean wide = interleave == Cuda.CU_TENSOR_MAP_INTERLEAVE_32B();
        int alignment = wide ? 2 * PIECE : PIECE;
        if (address % alignment != 0) {
            throw wrong("lies at 0x" + Long.toHexString(address), "a multiple of " + alignment);
        }
        sizes.forEach(size -> inRange("size", size, 1, MAX_SIZE));
        strides.forEach(stride -> {
            inRange("stride", stride, 1, MAX_STRIDE);
            if (stride % alignment != 0) {
                throw wrong("has a stride of " + stride + " bytes", "a multiple of " + alignment);
            }
        });
        box.forEach(extent -> inRange("extent of the box", extent, 1, MAX_BOX));
        elementStrides.forEach(stride -> inRange("element stride", stride, 1, MAX_ELEMENT_STRIDE));
        if (interleave == Cuda.CU_TENSOR_MAP_INTERLEAVE_NONE()) {
            checkRow(box.getFirst() * ELEMENT_BYTES[dataType], SWIZZLE_SPAN[swizzle]);
        } else if (sizes.size() < LEAST_INTERLEAVED_AXES) {
            throw wrong("is interleaved and has " + sizes.size() + " axes", "at least " + LEAST_INTERLEAVED_AXES);
        }
        if (wide && swizzle != Cuda.CU_TENSOR_MAP_SWIZZLE_32B()) {
            throw wrong(
                    "has an interleave of 32 bytes and swizzle " + swizzle,
                    "swizzle " + Cuda.CU_TENSOR_MAP_SWIZZLE_32B() + ", of 32 bytes");
        }
    }

    /** The innermost bytes of a box, where they lie side by side. */
    private static void checkRow(int bytes, int span) {
        if (bytes % PIECE != 0) {
            throw wrong("has a box of " + bytes + " bytes along the innermost axis", "a multiple of " + PIECE);
        }
        if (bytes > span) {
            throw wrong(
                    "has a box of " + bytes + " bytes along the innermost axis",
                    "at most the " + span + " that its swizzle mixes");
        }
    }

    private static void inRange(String what, long value, long least, long most) {
        if (value < least || value > most) {
            throw wrong("has the " + what + " " + value, least + " to " + most);
        }
    }

    private static IllegalArgumentException wrong(String found, String expected) {
        return new IllegalArgumentException("a tensor map " + found + "; expected " + expected);
    }
}
