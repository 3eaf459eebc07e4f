package dev.clusca.backend.cuda.driver;

import java.util.List;

/**
 * What {@code cuTensorMapEncodeTiled} makes a descriptor for bulk copies of. Axes run from the innermost outwards; enumerations are those of {@code cuda.h}.
 *
 * @param dataType a {@code CUtensorMapDataType}
 * @param address the tensor's first element on the device, a multiple of 16
 * @param sizes elements along each axis, 1 to 5 axes
 * @param strides bytes from one element to the next along each axis but the innermost, multiples of 16
 * @param box elements that one copy takes along each axis, 1 to 256
 * @param elementStrides of the elements that are taken, every how many-th along each axis
 * @param interleave a {@code CUtensorMapInterleave}
 * @param swizzle a {@code CUtensorMapSwizzle}
 * @param l2Promotion a {@code CUtensorMapL2promotion}
 * @param outOfBoundsFill a {@code CUtensorMapFloatOOBfill}
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
    /** Bytes of an encoded descriptor, which must lie at a multiple of 64. */
    public static final int BYTES = 128;

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
    }
}
