package dev.clusca.checkpoint;

import dev.clusca.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Lays out one safetensors file: widest elements first, then by name, behind a header padded to 8 bytes, so that every tensor is aligned to its elements. */
final class SafetensorsWriter {
    private static final int CHUNK = 1 << 20;

    private final List<Map.Entry<String, Tensor>> tensors;
    private final byte[] header;

    SafetensorsWriter(Map<String, Tensor> tensors, Map<String, String> metadata) {
        if (tensors.containsKey(SafetensorsHeader.METADATA)) {
            throw new IllegalArgumentException(
                    "a tensor may not be called " + SafetensorsHeader.METADATA + ", which the format reserves");
        }
        this.tensors = new ArrayList<>(tensors.entrySet());
        this.tensors.sort(Comparator.comparingInt(
                        (Map.Entry<String, Tensor> e) -> -e.getValue().dtype().bytes())
                .thenComparing(Map.Entry::getKey));
        this.header = header(metadata);
    }

    private byte[] header(Map<String, String> metadata) {
        Map<String, Object> object = new LinkedHashMap<>();
        if (!metadata.isEmpty()) {
            object.put(SafetensorsHeader.METADATA, new TreeMap<>(metadata));
        }
        long begin = 0;
        for (Map.Entry<String, Tensor> entry : tensors) {
            Tensor tensor = entry.getValue();
            List<Long> shape = new ArrayList<>();
            for (long dim : tensor.shape().toArray()) {
                shape.add(dim);
            }
            Map<String, Object> description = new LinkedHashMap<>();
            description.put("dtype", tensor.dtype().name());
            description.put("shape", shape);
            description.put("data_offsets", List.of(begin, begin + tensor.bytes()));
            object.put(entry.getKey(), description);
            begin += tensor.bytes();
        }
        StringBuilder json = new StringBuilder(Json.text(object));
        int bytes = json.toString().getBytes(StandardCharsets.UTF_8).length;
        json.repeat(' ', Math.floorMod(-bytes, 8));
        byte[] utf8 = json.toString().getBytes(StandardCharsets.UTF_8);
        if (utf8.length > SafetensorsHeader.LONGEST) {
            throw new IllegalArgumentException(
                    "the names and metadata of " + tensors.size() + " tensors make a header of " + utf8.length
                            + " bytes, and the format allows " + SafetensorsHeader.LONGEST);
        }
        return utf8;
    }

    void writeTo(WritableByteChannel channel) throws IOException {
        ByteBuffer start = ByteBuffer.allocate(Long.BYTES + header.length).order(ByteOrder.LITTLE_ENDIAN);
        start.putLong(header.length).put(header).flip();
        drain(start, channel);
        // Through one buffer: a segment over a float[] has no view as bytes that a channel takes.
        long largest = tensors.stream()
                .mapToLong(entry -> entry.getValue().bytes())
                .max()
                .orElse(0);
        ByteBuffer chunk = ByteBuffer.allocateDirect((int) Math.min(CHUNK, largest));
        for (Map.Entry<String, Tensor> entry : tensors) {
            MemorySegment memory = entry.getValue().memory();
            for (long from = 0; from < memory.byteSize(); from += chunk.capacity()) {
                int length = (int) Math.min(chunk.capacity(), memory.byteSize() - from);
                chunk.clear().limit(length);
                MemorySegment.ofBuffer(chunk).copyFrom(memory.asSlice(from, length));
                drain(chunk, channel);
            }
        }
    }

    private static void drain(ByteBuffer bytes, WritableByteChannel channel) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
