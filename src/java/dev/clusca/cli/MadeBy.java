package dev.clusca.cli;

import dev.clusca.pipeline.Png;
import dev.clusca.pipeline.Version;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a file says of how its contents were made: the settings that were asked for, by name. */
final class MadeBy {
    private static final String SOFTWARE = "Software";
    private static final String CLUSCA = "clusca ";

    private MadeBy() {}

    /**
     * @param model as it was named; of a path its end
     * @param settings names and values in turn
     */
    static Map<String, String> clusca(String model, Object... settings) {
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put(SOFTWARE, CLUSCA + Version.current());
        texts.put("model", model.startsWith(ModelArgument.RANDOM) ? model : end(Path.of(model)));
        for (int i = 0; i < settings.length; i += 2) {
            texts.put(settings[i].toString(), settings[i + 1].toString());
        }
        return texts;
    }

    /** The last two names of a path, as in {@code DiT-XL-2-256/transformer}: what comes before tells of a machine. */
    static String end(Path path) {
        Path whole = path.toAbsolutePath().normalize();
        int names = whole.getNameCount();
        return names == 0
                ? whole.toString()
                : whole.subpath(Math.max(0, names - 2), names).toString().replace('\\', '/');
    }

    /** The same with one setting more. */
    static Map<String, String> with(Map<String, String> texts, String name, Object value) {
        Map<String, String> more = new LinkedHashMap<>(texts);
        more.put(name, value.toString());
        return more;
    }

    /** What latents say of themselves, if clusca wrote them: who else did may have left anything there. */
    static Map<String, String> ofLatents(Map<String, String> settings) {
        Map<String, String> texts = new LinkedHashMap<>();
        if (settings.getOrDefault(SOFTWARE, "").startsWith(CLUSCA)) {
            settings.forEach((name, value) -> {
                if (Png.isKeyword(name)) {
                    texts.put(name, value);
                }
            });
        }
        return texts;
    }
}
