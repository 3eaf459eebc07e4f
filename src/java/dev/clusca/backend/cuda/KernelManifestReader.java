package dev.clusca.backend.cuda;

import dev.clusca.backend.BackendException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/** Reads the manifest of the kernels; members that it does not know are skipped. */
final class KernelManifestReader {
    private static final JsonFactory JSON = new JsonFactory();

    private final JsonParser parser;

    private KernelManifestReader(JsonParser parser) {
        this.parser = parser;
    }

    /** @throws BackendException if the text is no manifest of the schema that this class knows */
    static KernelManifest read(String json) {
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), json)) {
            parser.nextToken();
            return new KernelManifestReader(parser).manifest();
        } catch (JacksonException e) {
            throw new BackendException(
                    "the kernels' manifest is no JSON (" + e.getOriginalMessage()
                            + "); build it again with kernels/build.sh",
                    e);
        }
    }

    private KernelManifest manifest() {
        Fields fields = new Fields("the manifest");
        List<KernelManifest.Module> modules = new ArrayList<>();
        members(name -> {
            if (name.equals("modules")) {
                elements(() -> modules.add(module()));
            } else {
                fields.read(name);
            }
        });
        if (fields.number("schema") != KernelManifest.SCHEMA) {
            throw new BackendException("the kernels' manifest has schema " + fields.number("schema") + "; expected "
                    + KernelManifest.SCHEMA + "; build kernels and jar from one source tree");
        }
        return new KernelManifest(fields.text("nvcc"), modules);
    }

    private KernelManifest.Module module() {
        Fields fields = new Fields("a module");
        List<KernelEntry> entries = new ArrayList<>();
        members(name -> {
            if (name.equals("entries")) {
                elements(() -> entries.add(entry()));
            } else {
                fields.read(name);
            }
        });
        return new KernelManifest.Module(fields.text("family"), fields.text("file"), fields.text("sha256"), entries);
    }

    private KernelEntry entry() {
        Fields fields = new Fields("an entry");
        List<KernelParameter> parameters = new ArrayList<>();
        Fields registers = new Fields("the registers of an entry");
        members(name -> {
            switch (name) {
                case "parameters" -> elements(() -> parameters.add(parameter()));
                case "registers" -> members(registers::read);
                default -> fields.read(name);
            }
        });
        return new KernelEntry(
                fields.text("name"),
                fields.number("block"),
                fields.number("static_shared"),
                fields.number("dynamic_shared"),
                registers.numbers(),
                parameters);
    }

    private KernelParameter parameter() {
        Fields fields = new Fields("a parameter");
        members(fields::read);
        return new KernelParameter(
                fields.text("name"), fields.text("kind"), fields.number("offset"), fields.number("size"));
    }

    /** What is done with a member, the parser standing at its value. */
    private interface Member {
        void read(String name);
    }

    private void members(Member member) {
        expect(JsonToken.START_OBJECT);
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            parser.nextToken();
            member.read(name);
        }
    }

    private void elements(Runnable element) {
        expect(JsonToken.START_ARRAY);
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            element.run();
        }
    }

    private void expect(JsonToken token) {
        if (parser.currentToken() != token) {
            throw new BackendException("the kernels' manifest has " + parser.currentToken() + " at "
                    + parser.currentTokenLocation().getLineNr() + ":"
                    + parser.currentTokenLocation().getColumnNr() + "; expected " + token
                    + "; build it again with kernels/build.sh");
        }
    }

    /** The texts and numbers of one object. */
    private final class Fields {
        private final String owner;
        private final Map<String, String> values = new HashMap<>();

        Fields(String owner) {
            this.owner = owner;
        }

        void read(String name) {
            if (parser.currentToken().isStructStart()) {
                parser.skipChildren();
            } else {
                values.put(name, parser.getString());
            }
        }

        String text(String name) {
            @Nullable String value = values.get(name);
            if (value == null) {
                throw new BackendException("the kernels' manifest: " + owner + " lacks \"" + name
                        + "\"; build it again with kernels/build.sh");
            }
            return value;
        }

        /** All members, as numbers. */
        Map<String, Integer> numbers() {
            return values.keySet().stream().collect(Collectors.toMap(name -> name, this::number));
        }

        int number(String name) {
            String value = text(name);
            try {
                return Integer.parseInt(value);
            } catch (NumberFormatException e) {
                throw new BackendException(
                        "the kernels' manifest: \"" + name + "\" of " + owner + " is " + value
                                + "; expected a number; build it again with kernels/build.sh",
                        e);
            }
        }
    }
}
