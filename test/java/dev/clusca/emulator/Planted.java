package dev.clusca.emulator;

import dev.clusca.emulator.ptx.Ptx;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** A PTX file of the tests with a kernel {@code planted}, whose wrong lines are marked, and its twin {@code clean}. */
record Planted(String name, Ptx module, List<Integer> faultLines) {
    private static final String MARK = "// FAULT";

    static Planted read(String name) {
        String text = text("faults/" + name + ".ptx");
        List<Integer> lines = new ArrayList<>();
        int line = 1;
        for (String each : text.split("\n", -1)) {
            if (each.contains(MARK)) {
                lines.add(line);
            }
            line++;
        }
        return new Planted(name, Ptx.parse(text), lines);
    }

    /** The text of a PTX file beside this class. */
    static String text(String path) {
        try (InputStream in = Objects.requireNonNull(Planted.class.getResourceAsStream(path), path)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("cannot read " + path, e);
        }
    }
}
