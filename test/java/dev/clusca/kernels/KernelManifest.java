package dev.clusca.kernels;

import dev.clusca.Repository;
import dev.clusca.checkpoint.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;

/** What {@code kernels/ptx/manifest.json} says. */
record KernelManifest(String nvcc, List<Module> modules) {
    static final Path FOLDER = Repository.path("kernels", "ptx");

    record Module(String family, String file, String sha256, String version, String target, List<Entry> entries) {
        String ptx() {
            try {
                return Files.readString(FOLDER.resolve(file));
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    record Entry(
            String name,
            String launch,
            int block,
            int minBlocks,
            int staticShared,
            int dynamicShared,
            Map<String, Integer> registers,
            List<Parameter> parameters) {}

    /** @param kind as {@code const f32*}, {@code bf16*}, {@code s32} */
    record Parameter(String name, String kind, int offset, int size) {
        boolean isPointer() {
            return kind.endsWith("*");
        }

        boolean isReadOnly() {
            return kind.startsWith("const ");
        }

        /** The element type of a pointer, or the type itself. */
        String type() {
            return kind.replace("const ", "").replace("*", "");
        }
    }

    static KernelManifest read() {
        Map<String, Object> all = object(Json.read(FOLDER.resolve("manifest.json")));
        if (integer(all, "schema") != 1) {
            throw new IllegalStateException("the manifest has schema " + all.get("schema") + "; expected 1");
        }
        List<Module> modules = new ArrayList<>();
        for (Object module : list(all, "modules")) {
            Map<String, Object> m = object(module);
            modules.add(new Module(
                    string(m, "family"),
                    string(m, "file"),
                    string(m, "sha256"),
                    string(m, "version"),
                    string(m, "target"),
                    list(m, "entries").stream().map(e -> entry(object(e))).toList()));
        }
        return new KernelManifest(string(all, "nvcc"), modules);
    }

    Entry entry(String name) {
        return module(name).entries().stream()
                .filter(e -> e.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** The module that has an entry. */
    Module module(String entry) {
        return modules.stream()
                .filter(m -> m.entries().stream().anyMatch(e -> e.name().equals(entry)))
                .findFirst()
                .orElseThrow(() -> new NoSuchElementException("no module has an entry " + entry));
    }

    private static Entry entry(Map<String, Object> e) {
        Map<String, Integer> registers = new LinkedHashMap<>();
        object(e.get("registers"))
                .forEach((architecture, count) -> registers.put(architecture, Math.toIntExact((Long) count)));
        List<Parameter> parameters = list(e, "parameters").stream()
                .map(KernelManifest::object)
                .map(p -> new Parameter(string(p, "name"), string(p, "kind"), integer(p, "offset"), integer(p, "size")))
                .toList();
        return new Entry(
                string(e, "name"),
                string(e, "launch"),
                integer(e, "block"),
                integer(e, "min_blocks"),
                integer(e, "static_shared"),
                integer(e, "dynamic_shared"),
                registers,
                parameters);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> object(Object value) {
        return (Map<String, Object>) value;
    }

    @SuppressWarnings("unchecked")
    private static List<Object> list(Map<String, Object> object, String key) {
        return (List<Object>) object.get(key);
    }

    private static String string(Map<String, Object> object, String key) {
        return (String) object.get(key);
    }

    private static int integer(Map<String, Object> object, String key) {
        return Math.toIntExact((Long) object.get(key));
    }
}
