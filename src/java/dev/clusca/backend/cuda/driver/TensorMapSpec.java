package dev.clusca.backend.cuda.driver;

import java.util.List;

/**
 * What {@code cuTensorMapEncodeTiled} makes a descriptor for bulk copies of. Axes run from the innermost outwards; enumerations are those of {@code cuda.h}.
 *
 * @param dataType a {@code CUtensorMapDataType} of whole bytes, 0 to 12
 * @param address the tensor's first element on the device, a multiple of 16, of 32 where {@code interleave} is 32 bytes
 * @param sizes elements along each axis, 1 to 5 axes, 3 at least where there is an interleave; 1 to 2^32 each
 * @param strides bytes from one element to the next along each axis but the innermost, below 2^40 and multiples as the address is
 * @param box elements that one copy takes along each axis, 1 to 256; without an interleave the innermost are a multiple of 16 bytes, and no more than the swizzle's span
 * @param elementStrides of the elements that are taken, every how many-th along each axis, 1 to 8
 * @param interleave a {@code CUtensorMapInterleave}; that of 32 bytes needs the swizzle of 32 bytes
 * @param swizzle a {@code CUtensorMapSwizzle}
 * @param l2Promotion a {@code CUtensorMapL2promotion}
 * @param outOfBoundsFill a {@code CUtensorMapFloatOOBfill}; NaN is for floating-point types
 */
public record TensorMapSpec(
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
    /** Bytes of an encoded descriptor, which must lie at a multiple of 64, and as a parameter of a kernel at one of 128. */
    public static final int BYTES = 128;

    static final int ALIGNMENT = 64;

    public TensorMapSpec {
        sizes = List.copyOf(sizes);
        strides = List.copyOf(strides);
        box = List.copyOf(box);
        elementStrides = List.copyOf(elementStrides);
        int axes = sizes.size();
        if (axes < 1 || axes > 5 || strides.size() != axes - 1 || box.size() != axes || elementStrides.size() != axes) {
            throw new IllegalArgumentException(
                    "a tensor map has " + axes + " sizes, " + strides.size() + " strides, a box of "
                            + box.size() + " axes and " + elementStrides.size()
                            + " element strides; expected 1 to 5 axes, with one stride fewer than axes and the others as many");
        }
        TensorMapLimits.check(
                dataType,
                address,
                sizes,
                strides,
                box,
                elementStrides,
                interleave,
                swizzle,
                l2Promotion,
                outOfBoundsFill);
    }
}
