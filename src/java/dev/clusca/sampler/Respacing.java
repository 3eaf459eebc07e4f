package dev.clusca.sampler;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Which of the trained timesteps a shorter run uses: {@code space_timesteps} of the official DiT. */
final class Respacing {
    private static final String DDIM = "ddim";

    private Respacing() {}

    /**
     * The used timesteps, ascending.
     *
     * @param spec {@code ddimN}, or the number of steps in each of a number of equal sections, as {@code 250} or {@code 10,15,20}
     * @param trained number of timesteps that the model was trained on
     */
    static int[] timesteps(String spec, int trained) {
        if (spec.startsWith(DDIM)) {
            int steps = count(spec.substring(DDIM.length()), spec, trained);
            int stride = stride(steps, trained);
            if (stride == 0) {
                throw new IllegalArgumentException("respacing '" + spec + "': no whole stride takes exactly " + steps
                        + " of " + trained + " timesteps; choose a number that divides " + trained
                        + ", or the respacing '" + steps + "'");
            }
            return IntStream.iterate(0, t -> t < trained, t -> t + stride).toArray();
        }
        int[] counts = Arrays.stream(spec.split(",", -1))
                .mapToInt(text -> count(text, spec, trained))
                .toArray();
        return inSections(counts, spec, trained);
    }

    /** Whether {@code ddim<steps>} exists. */
    static boolean hasStride(int steps, int trained) {
        return stride(steps, trained) != 0;
    }

    /** The smallest stride that takes exactly {@code steps} timesteps from 0 on, or 0. */
    private static int stride(int steps, int trained) {
        for (int stride = 1; stride < trained; stride++) {
            if (Math.ceilDiv(trained, stride) == steps) {
                return stride;
            }
        }
        return 0;
    }

    private static int[] inSections(int[] counts, String spec, int trained) {
        List<Integer> timesteps = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < counts.length; i++) {
            int size = trained / counts.length + (i < trained % counts.length ? 1 : 0);
            if (counts[i] > size) {
                throw new IllegalArgumentException("respacing '" + spec + "' asks for " + counts[i]
                        + " steps from a section of " + size + " timesteps");
            }
            double stride = counts[i] <= 1 ? 1 : (size - 1.0) / (counts[i] - 1);
            double at = 0;
            for (int k = 0; k < counts[i]; k++) {
                // Python's round: halves go to the even neighbour. The sum, not the product, has the published
                // rounding.
                timesteps.add(start + (int) Math.rint(at));
                at += stride;
            }
            start += size;
        }
        return timesteps.stream().mapToInt(Integer::intValue).toArray();
    }

    private static int count(String text, String spec, int trained) {
        if (!text.matches("\\d{1,9}") || Integer.parseInt(text) < 1 || Integer.parseInt(text) > trained) {
            throw new IllegalArgumentException("respacing '" + spec
                    + "' is not understood; expected ddimN or a number of steps, as ddim50, 250 or 10,15,20, with 1 to "
                    + trained + " steps");
        }
        return Integer.parseInt(text);
    }
}
