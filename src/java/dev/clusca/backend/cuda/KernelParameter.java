package dev.clusca.backend.cuda;

import dev.clusca.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A parameter of a kernel.
 *
 * @param name as in the kernel's source
 * @param kind what it is: {@code f32}, {@code s32}, {@code u32}, {@code s64} or {@code u64}, one of these {@code bf16} or {@code any} with {@code *} behind it for a pointer to such elements, {@code any}
 *     being those whose type another argument tells; {@code const} before it for one that the kernel only reads through; {@code tensormap}; or {@code u64[256]}, a struct of that many words
 * @param offset where it lies in the parameter space, in bytes
 * @param size in bytes
 */
public record KernelParameter(String name, String kind, int offset, int size) {
    private static final int POINTER_BYTES = 8;
    private static final int WORD_BYTES = 8;
    private static final Pattern WORDS = Pattern.compile("u64\\[(\\d{1,4})]");
    private static final Map<String, Integer> SIZES =
            Map.of("f32", 4, "s32", 4, "u32", 4, "s64", 8, "u64", 8, "tensormap", 128);
    private static final Map<String, DType> ELEMENTS =
            Map.of("f32", DType.F32, "bf16", DType.BF16, "s32", DType.I32, "s64", DType.I64);

    /**
     * Lays out parameters as C does.
     *
     * @param declared kind and name of each, as in {@code "const f32* x"} and {@code "s32 T"}
     * @throws IllegalArgumentException if one is neither
     */
    static List<KernelParameter> layout(String kernel, List<String> declared) {
        List<KernelParameter> parameters = new ArrayList<>();
        int end = 0;
        for (String text : declared) {
            int space = text.lastIndexOf(' ');
            String kind = space < 0 ? text : text.substring(0, space).strip();
            int size = sizeOf(kind)
                    .filter(_ -> space > 0 && !text.substring(space + 1).isBlank())
                    .orElseThrow(
                            () -> new IllegalArgumentException(
                                    "kernel " + kernel + ": \"" + text
                                            + "\" declares no parameter; expected a kind and a name, as in \"const f32* x\" or \"s32 T\""));
            // Everything is aligned to its size, a descriptor of 128 bytes since CUDA 13, and a struct to its words.
            int alignment = WORDS.matcher(kind).matches() ? WORD_BYTES : size;
            int offset = Math.ceilDiv(end, alignment) * alignment;
            parameters.add(new KernelParameter(text.substring(space + 1), kind, offset, size));
            end = offset + size;
        }
        return List.copyOf(parameters);
    }

    private static Optional<Integer> sizeOf(String kind) {
        if (kind.endsWith("*")) {
            return Optional.of(POINTER_BYTES);
        }
        Matcher words = WORDS.matcher(kind);
        return words.matches()
                ? Optional.of(WORD_BYTES * Integer.parseInt(words.group(1))).filter(size -> size > 0)
                : Optional.ofNullable(SIZES.get(kind));
    }

    /** What an argument for it must be. */
    Form form() {
        if (isPointer()) {
            return Form.POINTER;
        }
        return switch (kind) {
            case "s32", "u32" -> Form.INT32;
            case "s64", "u64" -> Form.INT64;
            case "f32" -> Form.FLOAT32;
            case "tensormap" -> Form.TENSOR_MAP;
            case String words when WORDS.matcher(words).matches() -> Form.WORDS;
            default -> throw new IllegalStateException(this + " is of a kind that nothing can be passed for");
        };
    }

    boolean isPointer() {
        return kind.endsWith("*");
    }

    /** The type of the elements behind a pointer, where tensors have it. */
    Optional<DType> elements() {
        String element = kind.replace("const ", "").replace("*", "");
        return isPointer() ? Optional.ofNullable(ELEMENTS.get(element)) : Optional.empty();
    }

    /** As it is declared: {@code const f32* x}. */
    @Override
    public String toString() {
        return kind + " " + name;
    }

    /** How an argument lies in memory. */
    enum Form {
        POINTER("a pointer"),
        INT32("a 32-bit integer"),
        INT64("a 64-bit integer"),
        FLOAT32("a float"),
        TENSOR_MAP("a tensor map"),
        WORDS("a struct of words");

        private final String meaning;

        Form(String meaning) {
            this.meaning = meaning;
        }

        String meaning() {
            return meaning;
        }
    }
}
