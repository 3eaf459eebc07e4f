package dev.clusca.bindings;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The search for a library that the system provides, without loading anything on the way: where the dynamic linker looks, and then in the
 * folders where installers put it.
 *
 * @param fileNames the names that the file may have, each with its version, as in {@code libcudnn.so.9}, the preferred first: it is taken wherever it lies, before any other name
 * @param property the system property that names the file or its folder; when set, nowhere else is looked
 * @param folders more folders, {@code *} standing for any part of a name
 * @param remedy what to do when the library is nowhere
 */
record LibrarySearch(List<String> fileNames, String property, List<String> folders, String remedy) {
    private static final Path LINKER_CACHE = Path.of("/etc/ld.so.cache");
    private static final List<String> LINKER_FOLDERS =
            List.of("/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib");

    LibrarySearch {
        fileNames = List.copyOf(fileNames);
        folders = List.copyOf(folders);
    }

    /**
     * Finds the library and loads it. What is found first is not passed over because it does not load: nobody should get another version by accident.
     *
     * @throws NativeUnavailableException when it is nowhere, with all places that were looked at, or does not load
     */
    Loaded load() {
        return load(find());
    }

    /** The same after the library of that name in the same folder, if one lies there. */
    Loaded loadAfter(String needed) {
        List<Path> found = find();
        Path beside = found.getFirst().resolveSibling(needed);
        if (ElfHeader.isForX64(beside)) {
            load(List.of(beside));
        }
        return load(found);
    }

    private Loaded load(List<Path> found) {
        try {
            NativeLoader.load(found.getFirst());
        } catch (NativeUnavailableException e) {
            throw new NativeUnavailableException(e.found(), e.expected(), e.remedy() + ", or " + remedy, e);
        }
        return new Loaded(found.getFirst(), found.subList(1, found.size()));
    }

    /** Every file that would do, the one to take first; the same file under several names counts once. */
    private List<Path> find() {
        String given = System.getProperty(property);
        Set<Path> places = given == null ? everywhere(System.getenv()) : at(Path.of(given));
        SequencedMap<Path, Path> found = new LinkedHashMap<>();
        for (Path place : places) {
            // The linker's cache and folders may hold the same name for 32 bits.
            if (ElfHeader.isForX64(place)) {
                found.putIfAbsent(real(place), place);
            }
        }
        if (found.isEmpty()) {
            String names = String.join(" or ", fileNames);
            throw new NativeUnavailableException(
                    given == null || Files.isDirectory(Path.of(given))
                            ? names + " was not found in " + folderNames(places)
                            : names + " was not found: " + given
                                    + " is neither a folder nor a library for this processor",
                    given == null ? names + " in one of them" : names + " where -D" + property + " points",
                    remedy,
                    null);
        }
        return List.copyOf(found.values());
    }

    private static Path real(Path file) {
        try {
            return file.toRealPath();
        } catch (IOException e) {
            // It was there a moment ago; loading it will say what is wrong.
            return file;
        }
    }

    private Set<Path> at(Path given) {
        Set<Path> places = new LinkedHashSet<>();
        if (Files.isDirectory(given)) {
            fileNames.forEach(name -> places.add(given.resolve(name)));
        } else {
            places.add(given);
        }
        return places;
    }

    private Set<Path> everywhere(Map<String, String> environment) {
        Set<Path> places = new LinkedHashSet<>();
        fileNames.forEach(name -> everywhere(name, environment, places));
        return places;
    }

    private void everywhere(String fileName, Map<String, String> environment, Set<Path> places) {
        Arrays.stream(environment.getOrDefault("LD_LIBRARY_PATH", "").split(":"))
                .filter(folder -> folder.startsWith("/"))
                .forEach(folder -> places.add(Path.of(folder, fileName)));
        places.addAll(fromLinkerCache(fileName));
        LINKER_FOLDERS.forEach(folder -> places.add(Path.of(folder, fileName)));
        Stream.of("HOME", "VIRTUAL_ENV", "CONDA_PREFIX")
                .forEach(name -> folders.stream()
                        .filter(folder -> folder.startsWith("$" + name + "/") && environment.containsKey(name))
                        .forEach(folder -> matching(environment.get(name) + folder.substring(name.length() + 1))
                                .forEach(found -> places.add(found.resolve(fileName)))));
        folders.stream()
                .filter(folder -> folder.startsWith("/"))
                .forEach(folder -> matching(folder).forEach(found -> places.add(found.resolve(fileName))));
    }

    /** The dynamic linker's cache ends in a table of path names with a zero byte after each. */
    private static List<Path> fromLinkerCache(String fileName) {
        try {
            String cache = Files.readString(LINKER_CACHE, StandardCharsets.ISO_8859_1);
            return Arrays.stream(cache.split("\0"))
                    .filter(name -> name.startsWith("/") && name.endsWith("/" + fileName))
                    .map(Path::of)
                    .toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    /** The folders that a pattern names, newest version first. */
    private static List<Path> matching(String pattern) {
        List<Path> found = List.of(Path.of("/"));
        for (Path part : Path.of(pattern)) {
            List<Path> next = new ArrayList<>();
            found.forEach(folder -> next.addAll(children(folder, part.toString())));
            found = next;
        }
        return found.reversed();
    }

    private static List<Path> children(Path folder, String name) {
        if (!name.contains("*")) {
            Path child = folder.resolve(name);
            return Files.isDirectory(child) ? List.of(child) : List.of();
        }
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> children = Files.newDirectoryStream(folder, name)) {
            children.forEach(found::add);
        } catch (IOException e) {
            // A folder that is not there or not readable holds nothing for us.
            return List.of();
        }
        found.sort(null);
        return found;
    }

    private static String folderNames(Set<Path> places) {
        return String.join(
                ":",
                places.stream()
                        .map(place -> String.valueOf(place.getParent()))
                        .distinct()
                        .toList());
    }
}
