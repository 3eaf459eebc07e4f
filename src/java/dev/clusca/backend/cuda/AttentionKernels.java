package dev.clusca.backend.cuda;

import static dev.clusca.backend.cuda.Grids.blocks;
import static dev.clusca.backend.cuda.Grids.extent;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;

/** Launches {@code kernels/attention.cu}: softmax attention with heads of up to {@value #WIDEST} channels. */
final class AttentionKernels {
    private static final int BLOCK = 128;

    private static final int F32_BLOCK = 64;
    /** Queries of a block. */
    private static final int QUERIES = 64;
    /** Head widths that there are instances for; others run in the next wider one. */
    private static final int[] WIDTHS = {32, 64, 72, 96, 128};
    /** The widest head that there is an instance for, in channels. */
    static final int WIDEST = 128;
    /** The widest instance that keeps a whole row of scores. */
    private static final int WIDEST_ROW = 72;
    /** Keys of a whole row. */
    private static final int ROW = 256;

    private final CudaQueue queue;
    private final NavigableMap<Integer, Kernels.Typed> tiled = new TreeMap<>();
    private final NavigableMap<Integer, Kernels.Typed> wholeRow = new TreeMap<>();

    AttentionKernels(CudaQueue queue, Kernels kernels) {
        this.queue = queue;
        for (int width : WIDTHS) {
            tiled.put(width, typed(kernels, "attention_d" + width));
            if (width <= WIDEST_ROW) {
                wholeRow.put(width, typed(kernels, "attention_row_d" + width));
            }
        }
    }

    private static Kernels.Typed typed(Kernels kernels, String name) {
        return kernels.typed(
                "attention", name, "const A* qkv", "A* out", "s32 N", "s32 C", "s32 d", "s32 firstTile", "f32 scale");
    }

    void attention(Tensor qkv, int heads, Tensor out) {
        Shape shape = out.shape();
        int rows = extent("R", shape.dim(0));
        int tokens = extent("N", shape.dim(1));
        int width = extent("C", shape.dim(2));
        int d = width / heads;
        boolean bf16 = qkv.dtype() == DType.BF16;
        Kernel kernel = kernel(bf16 && tokens <= ROW, d).of(qkv.dtype());
        kernel.arguments()
                .tensor(qkv)
                .tensor(out)
                .int32(tokens)
                .int32(width)
                .int32(d)
                .int32(0)
                .float32((float) (1 / Math.sqrt(d)));
        kernel.launch(queue.stream(), blocks(tokens, QUERIES), heads, rows, bf16 ? BLOCK : F32_BLOCK, 1, 1, 0);
    }

    /** The narrowest kernel that holds a head, of those that keep a whole row of scores if that is wanted and there is one. */
    private Kernels.Typed kernel(boolean row, int d) {
        Map.Entry<Integer, Kernels.Typed> found = row ? wholeRow.ceilingEntry(d) : null;
        if (found == null) {
            found = tiled.ceilingEntry(d);
        }
        return Objects.requireNonNull(found, "heads of more than WIDEST channels")
                .getValue();
    }
}
