package dev.clusca.model.flux;

import dev.clusca.checkpoint.Elements;
import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.checkpoint.FluxWeights;
import dev.clusca.checkpoint.RandomFlux;
import dev.clusca.random.Normals;
import dev.clusca.random.Purpose;
import dev.clusca.tensor.Bf16;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Small FLUX models with random weights, and what they take. */
public final class TinyFlux {
    private TinyFlux() {}

    /** Width 48 of 3 heads, 2 double blocks, 16 channels. */
    public static FluxConfig config(int singles, boolean guidance) {
        return config(singles, guidance, 4, true);
    }

    /** The same with MLPs of another width, and with or without the bias of queries, keys and values. */
    public static FluxConfig config(int singles, boolean guidance, double mlpRatio, boolean bias) {
        return new FluxConfig(16, 16, 20, 24, 48, mlpRatio, 3, 2, singles, List.of(4, 6, 6), 10_000, bias, guidance);
    }

    /** Random weights, stored in F32 or BF16. */
    public static FluxWeights weights(FluxConfig config, DType stored) {
        RandomFlux random = new RandomFlux(config, 5);
        return new FluxWeights() {
            @Override
            public FluxConfig config() {
                return config;
            }

            @Override
            public Tensor tensor(String name) {
                Tensor floats = random.tensor(name);
                if (stored == DType.F32) {
                    return floats;
                }
                float[] values = Elements.floats(floats);
                short[] rounded = new short[values.length];
                for (int i = 0; i < values.length; i++) {
                    rounded[i] = Bf16.fromFloat(values[i]);
                }
                return Tensor.of(MemorySegment.ofArray(rounded), DType.BF16, floats.shape());
            }

            @Override
            public void close() {
                random.close();
            }
        };
    }

    /** Normal numbers; each place has its own. */
    public static float[] numbers(int count, int place) {
        float[] values = new float[count];
        Normals.fill(values, 3, place, 0, Purpose.INITIAL_NOISE);
        return values;
    }
}
