package dev.clusca.bindings.dnn;

import dev.clusca.bindings.cudnn.Cudnn;
import java.util.List;

/**
 * A tensor of a graph, of four extents.
 *
 * @param id what a plan finds its address by; unique within a graph
 * @param strides in elements, one an extent
 */
public record CudnnTensor(long id, CudnnType type, List<Long> extents, List<Long> strides, Storage storage) {
    /** Addresses in memory are multiples of so many bytes. */
    public static final int ALIGNMENT = 16;

    private static final int RANK = 4;

    /** Where its elements are. */
    public sealed interface Storage {
        /** On the device, at an address that the plan is given when it runs. */
        record Memory() implements Storage {}

        /** Nowhere: one operation's result that another takes. */
        record Virtual() implements Storage {}

        /** In the plan: one number that never changes. */
        record Constant(float value) implements Storage {}
    }

    public CudnnTensor {
        extents = List.copyOf(extents);
        strides = List.copyOf(strides);
        if (extents.size() != RANK || strides.size() != RANK) {
            throw new IllegalArgumentException(
                    "a tensor has extents " + extents + " and strides " + strides + "; expected " + RANK + " of each");
        }
        extents.forEach(extent -> {
            if (extent < 1) {
                throw new IllegalArgumentException("a tensor has an extent of " + extent + "; expected at least 1");
            }
        });
    }

    /** Images {@code [n, h, w, c]} in memory, channels innermost, or filters {@code [outputs, h, w, c]}; cuDNN names the extents n, c, h, w. */
    public static CudnnTensor images(long id, CudnnType type, long n, long c, long h, long w) {
        return new CudnnTensor(id, type, List.of(n, c, h, w), List.of(h * w * c, 1L, w * c, c), new Storage.Memory());
    }

    /** Heads of tokens: extents {@code [rows, heads, tokens, d]}, where each token's channels lie {@code pitch} elements after the one's before. */
    public static CudnnTensor heads(long id, CudnnType type, long rows, long heads, long tokens, long d, long pitch) {
        return new CudnnTensor(
                id, type, List.of(rows, heads, tokens, d), List.of(tokens * pitch, d, pitch, 1L), new Storage.Memory());
    }

    /** One number. */
    public static CudnnTensor constant(long id, float value) {
        return new CudnnTensor(
                id, CudnnType.F32, List.of(1L, 1L, 1L, 1L), List.of(1L, 1L, 1L, 1L), new Storage.Constant(value));
    }

    /** The same extents in F32, as a result that is never stored. */
    public CudnnTensor unstored(long newId) {
        return new CudnnTensor(newId, CudnnType.F32, extents, strides, new Storage.Virtual());
    }

    /** A sealed descriptor of it; the caller closes it. */
    Descriptor describe() {
        Descriptor descriptor =
                new Descriptor(Cudnn.CUDNN_BACKEND_TENSOR_DESCRIPTOR(), "tensor " + id + " " + type + extents);
        try {
            descriptor
                    .code(Cudnn.CUDNN_ATTR_TENSOR_DATA_TYPE(), Cudnn.CUDNN_TYPE_DATA_TYPE(), type.code())
                    .integers(Cudnn.CUDNN_ATTR_TENSOR_DIMENSIONS(), array(extents))
                    .integers(Cudnn.CUDNN_ATTR_TENSOR_STRIDES(), array(strides))
                    .integers(Cudnn.CUDNN_ATTR_TENSOR_UNIQUE_ID(), id)
                    .integers(Cudnn.CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT(), ALIGNMENT);
            switch (storage) {
                case Storage.Memory() -> {}
                case Storage.Virtual() -> descriptor.flag(Cudnn.CUDNN_ATTR_TENSOR_IS_VIRTUAL(), true);
                case Storage.Constant(float _) -> descriptor.flag(Cudnn.CUDNN_ATTR_TENSOR_IS_BY_VALUE(), true);
            }
            return descriptor.seal();
        } catch (CudnnException e) {
            descriptor.close();
            throw e;
        }
    }

    private static long[] array(List<Long> values) {
        return values.stream().mapToLong(Long::longValue).toArray();
    }
}
