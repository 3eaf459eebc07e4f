package dev.clusca.bench;

import dev.clusca.checkpoint.AtomicFile;
import dev.clusca.measure.HistoryTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Writes the tables of records in {@code README.md} and {@code bench/RESULTS.md} anew, so that no number in them is typed. Each stands between a marker and {@code <!-- end -->}:
 *
 * <pre>
 *   &lt;!-- operations | bench/history/FILE --&gt;                       single operations, as ./clusca bench history prints them
 *   &lt;!-- models | bench/history/FILE | RUN [| MODEL DTYPE] --&gt;     whole models beside PyTorch, of one run
 * </pre>
 */
public final class Tables {
    /** The texts that have such tables. */
    static final List<Path> TEXTS = List.of(Path.of("README.md"), Path.of("bench", "RESULTS.md"));

    private static final Pattern BLOCK =
            Pattern.compile("(<!-- (operations|models) \\| (.*) -->\n)(?:.*\n)*?(<!-- end -->\n)");

    private Tables() {}

    static void main(String[] args) throws IOException {
        Path root = Path.of(args.length == 0 ? "" : args[0]);
        for (Path text : TEXTS) {
            Path file = root.resolve(text);
            AtomicFile.write(file, renewed(Files.readString(file), root));
        }
    }

    /** A text with its tables as the records have them. */
    static String renewed(String text, Path root) throws IOException {
        StringBuilder renewed = new StringBuilder();
        Matcher block = BLOCK.matcher(text);
        int end = 0;
        while (block.find()) {
            String[] of = block.group(3).split(" \\| ", -1);
            Path record = root.resolve(of[0]);
            renewed.append(text, end, block.end(1))
                    .append(
                            block.group(2).equals("operations")
                                    ? new HistoryTable(record).markdown()
                                    : PeerTable.of(record, of[1], of.length > 2 ? of[2] : ""))
                    .append(block.group(4));
            end = block.end();
        }
        return renewed.append(text, end, text.length()).toString();
    }
}
