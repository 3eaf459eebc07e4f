package dev.clusca.measure;

import dev.clusca.checkpoint.Json;
import java.nio.file.Path;

/** What a result file holds. The file says it under {@code kind}. */
public sealed interface Measured permits ModelResult, KernelResult {
    /**
     * Reads a result file.
     *
     * @throws ResultException if it is JSON, but not a result of a kind and schema that is known here, or one that lacks something: what was found and what was expected
     * @throws dev.clusca.checkpoint.CheckpointException if there is no such file, or it is not JSON
     */
    static Measured read(Path file) {
        ResultFields fields = ResultFields.of(Json.read(file), file.toString());
        if (!fields.has("kind")) {
            throw new ResultException(file + " has no kind, so it is not a result of clusca bench; expected kind '"
                    + ModelResult.KIND + "' or '" + KernelResult.KIND + "'");
        }
        String kind = fields.text("kind");
        return switch (kind) {
            case ModelResult.KIND -> ModelResult.of(checked(fields, ModelResult.SCHEMA));
            case KernelResult.KIND -> KernelResult.of(checked(fields, KernelResult.SCHEMA));
            default ->
                throw new ResultException(file + " has kind = " + ResultFields.quote(kind) + ", expected '"
                        + ModelResult.KIND + "' or '" + KernelResult.KIND + "'");
        };
    }

    private static ResultFields checked(ResultFields fields, int known) {
        long schema = fields.whole("schema");
        if (schema != known) {
            throw new ResultException(fields.place() + " has schema " + schema + ", and this version reads schema "
                    + known + "; " + (schema > known ? "use the clusca that wrote it" : "measure again"));
        }
        return fields;
    }
}
