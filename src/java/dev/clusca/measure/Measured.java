package dev.clusca.measure;

import dev.clusca.checkpoint.Json;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** What a result file holds. The file says it under {@code kind}. */
public sealed interface Measured permits ModelResult, KernelFile, StaticFile {
    /** The kinds, for messages. */
    String KINDS = "'" + ModelResult.KIND + "', '" + KernelFile.KIND + "' or '" + StaticFile.KIND + "'";

    /**
     * Reads a result file.
     *
     * @throws ResultException if it is JSON, but not a result of a kind and schema that is known here, or one that lacks something: what was found and what was expected
     * @throws dev.clusca.checkpoint.CheckpointException if there is no such file, or it is not JSON
     */
    static Measured read(Path file) {
        return of(Json.read(file), file.toString());
    }

    /**
     * The same for what a file held.
     *
     * @param json as {@link Json} reads it
     * @param source what to call it in errors
     */
    static Measured of(@Nullable Object json, String source) {
        ResultFields fields = ResultFields.of(json, source);
        if (!fields.has("kind")) {
            throw new ResultException(
                    source + " has no kind, so it is not a result of clusca bench; expected kind " + KINDS);
        }
        String kind = fields.text("kind");
        return switch (kind) {
            case ModelResult.KIND -> ModelResult.of(fields.ofSchema(ModelResult.SCHEMA));
            case KernelFile.KIND -> KernelFile.of(fields.ofSchema(KernelFile.SCHEMA));
            case StaticFile.KIND -> StaticFile.of(fields.ofSchema(StaticFile.SCHEMA));
            default ->
                throw new ResultException(source + " has kind = " + ResultFields.quote(kind) + ", expected " + KINDS);
        };
    }
}
