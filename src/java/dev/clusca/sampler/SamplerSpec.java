package dev.clusca.sampler;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The text of a sampler, taken apart: {@code name:key=value,key=value}.
 *
 * @param text as it was given, for messages
 */
record SamplerSpec(String text, String name, Map<String, String> options) {
    private static final String ETA = "eta";
    private static final String CLIP = "clip";
    private static final String RESPACING = "respacing";
    /** A comma before a number belongs to a respacing in sections, as in {@code respacing=10,15,20}. */
    private static final String BETWEEN_OPTIONS = ",(?!\\d+(?:,|$))";

    static SamplerSpec parse(String text) {
        int colon = text.indexOf(':');
        String name = colon < 0 ? text : text.substring(0, colon);
        List<String> allowed = switch (name) {
            case "ddim" -> List.of(ETA, CLIP, RESPACING);
            case "ddpm" -> List.of(CLIP, RESPACING);
            default ->
                throw new IllegalArgumentException(
                        "there is no sampler '" + name + "' (in '" + text + "'); expected ddim or ddpm");
        };
        Map<String, String> options = new LinkedHashMap<>();
        if (colon >= 0) {
            for (String option : text.substring(colon + 1).split(BETWEEN_OPTIONS, -1)) {
                int equals = option.indexOf('=');
                String key = equals < 0 ? option : option.substring(0, equals);
                if (equals < 0 || !allowed.contains(key)) {
                    throw new IllegalArgumentException("sampler '" + text + "' has the option '" + option + "'; " + name
                            + " takes " + String.join("=.., ", allowed) + "=..");
                }
                if (options.put(key, option.substring(equals + 1)) != null) {
                    throw new IllegalArgumentException("sampler '" + text + "' has the option " + key + " twice");
                }
            }
        }
        return new SamplerSpec(text, name, options);
    }

    Sampler sampler(int steps) {
        if (steps < 1 || steps > NoiseSchedule.TRAINED_TIMESTEPS) {
            throw new IllegalArgumentException(
                    "a sampler was asked for " + steps + " steps, expected 1 to " + NoiseSchedule.TRAINED_TIMESTEPS);
        }
        String respacing = options.get(RESPACING);
        if (name.equals("ddpm")) {
            return respacing == null ? new Ddpm(steps, clip()) : new Ddpm(schedule(respacing, steps), clip());
        }
        return respacing == null ? new Ddim(steps, eta(), clip()) : new Ddim(schedule(respacing, steps), eta(), clip());
    }

    private NoiseSchedule schedule(String respacing, int steps) {
        NoiseSchedule schedule = NoiseSchedule.respaced(respacing);
        if (schedule.steps() != steps) {
            throw new IllegalArgumentException("sampler '" + text + "': respacing '" + respacing + "' makes "
                    + schedule.steps() + " steps, but " + steps + " were asked for; make them agree");
        }
        return schedule;
    }

    private double eta() {
        String eta = options.getOrDefault(ETA, "0");
        try {
            return Double.parseDouble(eta);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "sampler '" + text + "' has " + ETA + " = '" + eta + "', expected a number from 0 to 1", e);
        }
    }

    private boolean clip() {
        String clip = options.getOrDefault(CLIP, "false");
        return switch (clip) {
            case "true" -> true;
            case "false" -> false;
            default ->
                throw new IllegalArgumentException(
                        "sampler '" + text + "' has " + CLIP + " = '" + clip + "', expected true or false");
        };
    }
}
