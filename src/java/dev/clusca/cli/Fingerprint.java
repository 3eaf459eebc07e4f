package dev.clusca.cli;

import dev.clusca.checkpoint.Checkpoint;
import dev.clusca.checkpoint.Checkpoints;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.TreeSet;

/** Tells weights from others of the same architecture without reading all of them: by names, shapes and types, and by values here and there in every tensor. */
final class Fingerprint {
    private static final long BLOCK_BYTES = 4096;

    /** Of a tensor; the first block begins it, the last ends it. A smaller tensor is read whole. */
    private static final int BLOCKS = 4;

    private static final int DIGITS = 16;

    private Fingerprint() {}

    /**
     * The fingerprint of a checkpoint, whatever its files are called and however it was cut into shards.
     *
     * @param source the weights file, or the index of shards
     * @throws dev.clusca.checkpoint.CheckpointException if it cannot be read
     */
    static String of(String source) {
        MessageDigest digest = sha256();
        try (Checkpoint weights = Checkpoints.open(Path.of(source))) {
            for (String name : new TreeSet<>(weights.names())) {
                // An autoencoder's encoder has no part in a picture, and may be of a type that is not read.
                if (!name.startsWith("encoder.") && !name.startsWith("quant_conv.")) {
                    String entry = name + ' ' + weights.shape(name) + ' ' + weights.storedType(name) + '\n';
                    digest.update(entry.getBytes(StandardCharsets.UTF_8));
                    update(digest, weights.tensor(name).memory());
                }
            }
        }
        return HexFormat.of().formatHex(digest.digest()).substring(0, DIGITS);
    }

    private static void update(MessageDigest digest, MemorySegment values) {
        long length = Math.min(BLOCK_BYTES, values.byteSize());
        for (int block = 0; block < BLOCKS; block++) {
            long at = (values.byteSize() - length) * block / (BLOCKS - 1);
            digest.update(values.asSlice(at, length).asByteBuffer());
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
