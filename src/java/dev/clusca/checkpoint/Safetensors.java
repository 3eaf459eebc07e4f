package dev.clusca.checkpoint;

import static dev.clusca.checkpoint.CheckpointException.quote;

import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SequencedSet;
import org.jspecify.annotations.Nullable;

/**
 * One safetensors file, memory-mapped: 8 bytes with the header's length, the header (JSON), the data. Files may exceed 2 GiB.
 *
 * @see <a href="https://huggingface.co/docs/safetensors">the format</a>
 */
public final class Safetensors implements Checkpoint {
    private static final ValueLayout.OfLong LENGTH = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final long LENGTH_BYTES = LENGTH.byteSize();

    /** How a zip archive begins, as PyTorch's files are today. */
    private static final int ZIP = 'P' | 'K' << 8 | 3 << 16 | 4 << 24;

    /** How a bare pickle begins, as PyTorch's files were; the protocol's number follows. */
    private static final int PICKLE = 0x80;

    /** Less than this comes from disk in no time. */
    private static final long WORTH_READING_AHEAD = 64L << 20;

    private final String source;
    private final @Nullable Path file;
    private final Arena arena;
    private final SafetensorsHeader header;
    private final MemorySegment data;
    private final long dataBegin;
    private @Nullable ReadAhead ahead;

    private Safetensors(
            String source,
            @Nullable Path file,
            Arena arena,
            SafetensorsHeader header,
            MemorySegment data,
            long dataBegin) {
        this.source = source;
        this.file = file;
        this.arena = arena;
        this.header = header;
        this.data = data;
        this.dataBegin = dataBegin;
    }

    /**
     * Maps a file and checks its header; tensors are read when they are used.
     *
     * @throws CheckpointException if the file cannot be read or is not a valid safetensors file
     */
    @SuppressWarnings("MustBeClosedChecker") // closed by close(), or here when opening fails
    public static Checkpoint open(Path file) {
        String source = file.toString();
        if (Files.isDirectory(file)) {
            throw new CheckpointException(source + " is a folder; name the .safetensors file in it");
        }
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(file)) {
            return of(source, file, channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena), arena);
        } catch (NoSuchFileException e) {
            arena.close();
            throw new CheckpointException(source + " does not exist", e);
        } catch (IOException e) {
            arena.close();
            throw new CheckpointException(source + " cannot be read: " + FileFailure.reason(e), e);
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    /**
     * The checkpoint in a file's bytes; closing it closes the arena.
     *
     * @param file that they are mapped from; null if there is none
     */
    static Safetensors of(String source, @Nullable Path file, MemorySegment all, Arena arena) {
        long headerBytes = headerBytes(all, source);
        MemorySegment data = all.asSlice(LENGTH_BYTES + headerBytes);
        byte[] text = all.asSlice(LENGTH_BYTES, headerBytes).toArray(ValueLayout.JAVA_BYTE);
        return new Safetensors(
                source,
                file,
                arena,
                SafetensorsHeader.parse(text, data.byteSize(), source),
                data,
                LENGTH_BYTES + headerBytes);
    }

    private static long headerBytes(MemorySegment all, String source) {
        if (all.byteSize() < LENGTH_BYTES) {
            throw new CheckpointException(source + " is not a valid safetensors file: it has " + all.byteSize()
                    + " bytes, fewer than the 8 that hold the header's length");
        }
        long length = all.get(LENGTH, 0);
        if ((int) length == ZIP
                || (length & 0xff) == PICKLE && (length >>> 8 & 0xff) <= 5 && length > SafetensorsHeader.LONGEST) {
            throw new CheckpointException(
                    source
                            + " is not a valid safetensors file but looks like a pickle of PyTorch (.pt, .pth, .bin, .ckpt), which can run any code when it is loaded and which clusca does"
                            + " not read; fetch the model's safetensors, or convert it: safetensors.torch.save_file(torch.load('MODEL.pt', weights_only=True), 'MODEL.safetensors')");
        }
        if (length < 0 || length > SafetensorsHeader.LONGEST) {
            throw new CheckpointException(source
                    + " is not a valid safetensors file: its first 8 bytes say that the header has "
                    + Long.toUnsignedString(length) + " bytes, and the format allows " + SafetensorsHeader.LONGEST);
        }
        if (length > all.byteSize() - LENGTH_BYTES) {
            throw new CheckpointException(
                    source + " is not a valid safetensors file: its header should have " + length + " bytes, but only "
                            + (all.byteSize() - LENGTH_BYTES) + " follow; it is truncated, or of another format");
        }
        return length;
    }

    /**
     * Writes tensors to a file; the same tensors and metadata give the same bytes. A file that exists is replaced at the end, atomically; a failure leaves it as it was.
     *
     * @param tensors tensors in host memory, by name
     * @param metadata free texts; may be empty
     * @throws CheckpointException if the file cannot be written
     */
    public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata) {
        SafetensorsWriter writer = new SafetensorsWriter(tensors, metadata);
        try {
            AtomicFile.write(file, writer::writeTo);
        } catch (IOException e) {
            throw new CheckpointException(e.getMessage() == null ? "cannot write " + file : e.getMessage(), e);
        }
    }

    @Override
    public String source() {
        return source;
    }

    @Override
    public List<Path> files() {
        return file == null ? List.of() : List.of(file);
    }

    @Override
    public SequencedSet<String> names() {
        return entries().sequencedKeySet();
    }

    @Override
    public Map<String, String> metadata() {
        return header.metadata();
    }

    @Override
    public Shape shape(String name) {
        return entry(name).shape();
    }

    @Override
    public String storedType(String name) {
        return entry(name).type().name();
    }

    @Override
    public long bytes(String name) {
        SafetensorsHeader.Entry entry = entry(name);
        return entry.end() - entry.begin();
    }

    @Override
    public Tensor tensor(String name) {
        SafetensorsHeader.Entry entry = entry(name);
        var dtype = entry.type().dtype();
        if (dtype == null) {
            throw new CheckpointException("tensor " + quote(name) + " of " + source + " has dtype " + entry.type()
                    + ", which clusca does not read; convert it to one of " + StoredType.readable());
        }
        return Tensor.of(data.asSlice(entry.begin(), entry.end() - entry.begin()), dtype, entry.shape());
    }

    @Override
    public void readAhead(List<String> names) {
        List<ReadAhead.Part> parts = names.stream()
                .map(this::entry)
                .map(entry -> new ReadAhead.Part(dataBegin + entry.begin(), dataBegin + entry.end()))
                .toList();
        if (file != null
                && ahead == null
                && parts.stream().mapToLong(part -> part.end() - part.begin()).sum() >= WORTH_READING_AHEAD) {
            ahead = ReadAhead.of(file, parts);
        }
    }

    private SafetensorsHeader.Entry entry(String name) {
        SafetensorsHeader.Entry entry = entries().get(name);
        if (entry == null) {
            throw new CheckpointException(source + " has no tensor " + quote(name) + "; it has "
                    + entries().size() + " tensors"
                    + (entries().isEmpty()
                            ? ""
                            : ", the first is " + quote(entries().firstEntry().getKey())));
        }
        return entry;
    }

    private SequencedMap<String, SafetensorsHeader.Entry> entries() {
        return header.entries();
    }

    @Override
    public void close() {
        if (ahead != null) {
            ahead.close();
        }
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }

    /** As {@code model.safetensors (52 tensors)}. */
    @Override
    public String toString() {
        return source + " (" + entries().size() + " tensors)";
    }
}
