package consumer;

import dev.clusca.backend.Backend;
import dev.clusca.backend.Backends;
import dev.clusca.backend.KMeansOptions;
import dev.clusca.cache.TaylorSeer;
import dev.clusca.model.dit.DitModel;
import dev.clusca.pipeline.Samples;
import dev.clusca.pipeline.Sampling;
import dev.clusca.sampler.Ddim;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;

/** A program that links clusca's jars and nothing else: operations on memory of its own, and images from a model. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        try (Backend backend = Backends.open("cpu");
                Arena arena = Arena.ofShared()) {
            System.out.println(backend.description());
            System.out.println("labels " + Arrays.toString(cluster(backend, arena)));
            DitModel model = DitModel.load(Path.of(args[0]), backend, arena, DType.F32);
            Samples samples = new Sampling(model)
                    .sampler(new Ddim(4, 0, false))
                    .policy(new TaylorSeer(2, 1))
                    .run(0, 1);
            System.out.println("samples " + samples.shape());
        }
    }

    /** Clusters four points on a line, 0, 1, 10 and 11, that lie in this program's own memory; the first centroids are the first two. */
    private static int[] cluster(Backend backend, Arena arena) {
        MemorySegment points = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0, 1, 10, 11);
        MemorySegment first = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0, 1);
        MemorySegment labels = arena.allocate(ValueLayout.JAVA_INT, 4);
        MemorySegment iterations = arena.allocate(ValueLayout.JAVA_INT);
        backend.ops()
                .kMeans(
                        Tensor.of(points, DType.F32, Shape.of(1, 4, 1)),
                        KMeansOptions.DEFAULT,
                        Tensor.of(first, DType.F32, Shape.of(1, 2, 1)),
                        Tensor.of(labels, DType.I32, Shape.of(1, 4)),
                        Tensor.of(iterations, DType.I32, Shape.of(1)));
        backend.synchronize();
        return labels.toArray(ValueLayout.JAVA_INT);
    }
}
