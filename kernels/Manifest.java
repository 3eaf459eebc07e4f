import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Writes the manifest of the compiled kernels: what a launcher must know and check of each entry. It takes names and element types of parameters from the preprocessed
 * source, offsets and sizes from the PTX, registers and spills from ptxas, and how to launch from the source's {@code // launch} comments. Called by build.sh.
 */
final class Manifest {
    private static final Pattern ENTRY =
            Pattern.compile("\\.visible \\.entry (\\w+)\\(([^)]*)\\)([^{]*)\\{", Pattern.DOTALL);
    /** A number, or a struct: so many bytes at so many. */
    private static final Pattern PARAMETER =
            Pattern.compile("\\.param (?:\\.align (\\d+) )?\\.[a-z]+(\\d+) \\w+(?:\\[(\\d+)])?");
    private static final Pattern USED = Pattern.compile("Used (\\d+) registers");
    private static final Pattern DYNAMIC = Pattern.compile("dynamic shared (\\d+)");
    private static final Pattern SHARED = Pattern.compile("(\\d+) bytes smem");
    private static final Map<String, String> KINDS = Map.of(
            "float", "f32", "Bf16", "bf16", "int", "s32", "u32", "u32", "u64", "u64", "i64", "s64", "void", "any");

    private record Parameter(String name, String kind, int offset, int size) {}

    private record Entry(
            String name,
            String launch,
            int block,
            int minBlocks,
            int staticShared,
            List<Parameter> parameters,
            Map<String, Integer> registers) {}

    private final Path work;
    private final Path sources;
    private final List<String> architectures;
    private final Map<String, Integer> budget = new TreeMap<>();
    private final List<String> problems = new ArrayList<>();

    private Manifest(Path work, Path sources, List<String> architectures) throws IOException {
        this.work = work;
        this.sources = sources;
        this.architectures = architectures;
        for (String line : Files.readAllLines(sources.resolve("budget.txt"))) {
            if (!line.isBlank() && !line.startsWith("#")) {
                String[] words = line.trim().split("\\s+");
                budget.put(words[0], Integer.valueOf(words[1]));
            }
        }
    }

    /** Arguments: nvcc's version, the folder with the build's results, the folder of the sources, the architectures. */
    public static void main(String[] arguments) throws IOException {
        List<String> list = List.of(arguments);
        Manifest manifest = new Manifest(Path.of(list.get(1)), Path.of(list.get(2)), list.subList(3, list.size()));
        String json = manifest.write(list.get(0));
        if (!manifest.problems.isEmpty()) {
            manifest.problems.forEach(System.err::println);
            System.exit(1);
        }
        Files.writeString(Path.of(list.get(1), "ptx", "manifest.json"), json);
    }

    private String write(String nvcc) throws IOException {
        List<Path> modules;
        try (Stream<Path> files = Files.list(work.resolve("ptx"))) {
            modules = files.filter(f -> f.toString().endsWith(".ptx")).sorted().toList();
        }
        StringBuilder json = new StringBuilder();
        json.append("{\n  \"schema\": 1,\n  \"nvcc\": \"").append(nvcc).append("\",\n  \"modules\": [\n");
        List<String> texts = new ArrayList<>();
        for (Path module : modules) {
            texts.add(module(module));
        }
        return json.append(String.join(",\n", texts)).append("\n  ]\n}\n").toString();
    }

    private String module(Path file) throws IOException {
        String name = file.getFileName().toString();
        String family = name.substring(0, name.length() - ".ptx".length());
        String ptx = Files.readString(file);
        List<String> entries = entries(family, ptx).stream().map(Manifest::text).toList();
        return """
                    {
                      "family": "%s",
                      "file": "%s",
                      "sha256": "%s",
                      "version": "%s",
                      "target": "%s",
                      "entries": [
                %s
                      ]
                    }"""
                .formatted(
                        family,
                        name,
                        sha256(ptx),
                        only(Pattern.compile("^\\.version (\\S+)", Pattern.MULTILINE), ptx),
                        only(Pattern.compile("^\\.target (\\S+)", Pattern.MULTILINE), ptx),
                        String.join(",\n", entries));
    }

    private List<Entry> entries(String family, String ptx) throws IOException {
        String source = Files.readString(work.resolve(family + ".i"));
        Map<String, String> launches = launches(Files.readAllLines(sources.resolve(family + ".cu")));
        Map<String, Map<String, String>> assembled = new TreeMap<>();
        for (String architecture : architectures) {
            assembled.put(architecture, assembled(work.resolve(family + "." + architecture + ".log")));
        }
        List<Entry> entries = new ArrayList<>();
        Matcher m = ENTRY.matcher(ptx);
        while (m.find()) {
            String name = m.group(1);
            Map<String, Integer> registers = new LinkedHashMap<>();
            for (String architecture : architectures) {
                String log = assembled.get(architecture).get(name);
                registers.put(architecture, Integer.valueOf(only(USED, log)));
                gate(name, architecture, log, registers.get(architecture));
            }
            Matcher shared = SHARED.matcher(assembled.get("sm_80").get(name));
            entries.add(new Entry(
                    name,
                    longestPrefix(launches, name, "a \"// launch\" comment in " + family + ".cu"),
                    Integer.parseInt(only(Pattern.compile("\\.maxntid (\\d+)"), m.group(3))),
                    m.group(3).contains(".minnctapersm")
                            ? Integer.parseInt(only(Pattern.compile("\\.minnctapersm (\\d+)"), m.group(3)))
                            : 1,
                    shared.find() ? Integer.parseInt(shared.group(1)) : 0,
                    parameters(name, m.group(2), source),
                    registers));
        }
        return entries;
    }

    /** No spills, no stack, and no more registers than the budget has for the longest prefix of the entry's name. */
    private void gate(String name, String architecture, String log, int registers) {
        if (!log.contains("0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads")) {
            problems.add(name + " on " + architecture + " spills or has a stack; expected neither: "
                    + log.lines().filter(l -> l.contains("spill")).findFirst().orElse("").trim());
        }
        int allowed = Integer.parseInt(longestPrefix(
                budget.entrySet().stream()
                        .collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().toString())),
                name,
                "a line in budget.txt"));
        if (registers > allowed) {
            problems.add(name + " on " + architecture + " uses " + registers + " registers; budget.txt allows "
                    + allowed);
        }
    }

    /** Offsets follow C's rules: each parameter at a multiple of its size, a struct of its alignment. A struct is what a launcher takes it for, so many words. */
    private List<Parameter> parameters(String entry, String list, String source) {
        Matcher declaration = Pattern.compile("extern \"C\"[^;{]*\\b" + entry + "\\s*\\(([^)]*)\\)").matcher(source);
        if (!declaration.find()) {
            throw new IllegalStateException(entry + " is in the PTX but not in the source");
        }
        String[] declared = declaration.group(1).split(",");
        List<Parameter> parameters = new ArrayList<>();
        int offset = 0;
        Matcher m = PARAMETER.matcher(list);
        while (m.find()) {
            boolean struct = m.group(3) != null;
            int size = struct ? Integer.parseInt(m.group(3)) : Integer.parseInt(m.group(2)) / 8;
            int alignment = struct ? Integer.parseInt(m.group(1)) : size;
            offset = (offset + alignment - 1) / alignment * alignment;
            boolean readOnly = declared[parameters.size()].trim().startsWith("const ");
            String[] words = declared[parameters.size()]
                    .replace("const ", " ")
                    .replace("*", " * ")
                    .trim()
                    .split("\\s+");
            String kind = struct ? "u64[" + size / 8 + "]" : KINDS.get(words[0]);
            if (kind == null) {
                throw new IllegalStateException(entry + " has a parameter of type " + words[0] + "; expected one of "
                        + KINDS.keySet());
            }
            parameters.add(new Parameter(
                    words[words.length - 1],
                    (readOnly ? "const " : "") + kind + (words[1].equals("*") ? "*" : ""),
                    offset,
                    size));
            offset += size;
        }
        if (parameters.size() != declared.length) {
            throw new IllegalStateException(entry + " has " + declared.length + " parameters in the source and "
                    + parameters.size() + " in the PTX");
        }
        return parameters;
    }

    private static Map<String, String> launches(List<String> source) {
        Map<String, String> launches = new TreeMap<>();
        for (String line : source) {
            if (line.startsWith("// launch ")) {
                int colon = line.indexOf(": ");
                launches.put(line.substring("// launch ".length(), colon), line.substring(colon + 2));
            }
        }
        return launches;
    }

    /** What ptxas said of each entry. */
    private static Map<String, String> assembled(Path log) throws IOException {
        Map<String, String> entries = new TreeMap<>();
        for (String part : Files.readString(log).split("Compiling entry function '")) {
            entries.put(part.substring(0, Math.max(0, part.indexOf('\''))), part);
        }
        return entries;
    }

    private static String longestPrefix(Map<String, String> map, String name, String what) {
        return map.entrySet().stream()
                .filter(e -> name.equals(e.getKey()) || name.startsWith(e.getKey() + "_"))
                .max((a, b) -> a.getKey().length() - b.getKey().length())
                .orElseThrow(() -> new IllegalStateException(name + " needs " + what))
                .getValue();
    }

    private static String only(Pattern pattern, String text) {
        Matcher m = pattern.matcher(text);
        if (!m.find()) {
            throw new IllegalStateException("nothing matches " + pattern);
        }
        return m.group(1);
    }

    private static String text(Entry entry) {
        String parameters = entry.parameters.stream()
                .map(p -> "{\"name\": \"%s\", \"kind\": \"%s\", \"offset\": %d, \"size\": %d}"
                        .formatted(p.name, p.kind, p.offset, p.size))
                .collect(Collectors.joining(", "));
        String registers = entry.registers.entrySet().stream()
                .map(e -> "\"%s\": %d".formatted(e.getKey(), e.getValue()))
                .collect(Collectors.joining(", "));
        return """
                        {"name": "%s", "launch": "%s",
                         "block": %d, "min_blocks": %d, "static_shared": %d, "dynamic_shared": %d, "registers": {%s},
                         "parameters": [%s]}
                """
                .stripTrailing()
                .formatted(
                        entry.name,
                        entry.launch,
                        entry.block,
                        entry.minBlocks,
                        entry.staticShared,
                        dynamicShared(entry.launch),
                        registers,
                        parameters);
    }

    /** The source says it where it says how to launch. */
    private static int dynamicShared(String launch) {
        Matcher m = DYNAMIC.matcher(launch);
        return m.find() ? Integer.parseInt(m.group(1)) : 0;
    }

    private static String sha256(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
