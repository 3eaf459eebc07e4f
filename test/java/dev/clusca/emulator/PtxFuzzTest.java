package dev.clusca.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.clusca.Repository;
import dev.clusca.emulator.ptx.Ptx;
import dev.clusca.emulator.ptx.PtxException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every shipped kernel, damaged: whatever was done to its text, it loads, or is refused with the line, and soon. A failure prints the seed and the round; {@code -Dclusca.seed} runs the same damages again,
 * {@code -Dclusca.fuzz} that many rounds of each.
 */
class PtxFuzzTest {
    private static final int ROUNDS = Integer.getInteger("clusca.fuzz", 200);
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final Pattern ENTRY = Pattern.compile("(?ms)^\\.visible \\.entry .*?^\\}$");
    private static final Pattern WORD = Pattern.compile("[%$.\\w]+|[^\\s%$.\\w]");

    /** Kernels as modules of one entry each, so that a round costs little: the damage is as near to anything as in the whole file. */
    private static final List<String> KERNELS =
            files().flatMap(PtxFuzzTest::entries).toList();

    /** What happens to texts on their way. */
    private enum Damage {
        /** Up to eight bits turn over. */
        FLIP {
            @Override
            String apply(String text, SplittableRandom random) {
                byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
                for (int k = random.nextInt(1, 9); k > 0; k--) {
                    bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
                }
                return new String(bytes, StandardCharsets.ISO_8859_1);
            }
        },
        /** Two words change places, one of them perhaps another kernel's. */
        SWAP {
            @Override
            String apply(String text, SplittableRandom random) {
                List<MatchResult> words = WORD.matcher(text).results().toList();
                MatchResult one = words.get(random.nextInt(words.size()));
                MatchResult other = words.get(random.nextInt(words.size()));
                if (one.start() > other.start()) {
                    MatchResult first = other;
                    other = one;
                    one = first;
                }
                return one.end() > other.start()
                        ? text
                        : text.substring(0, one.start())
                                + other.group()
                                + text.substring(one.end(), other.start())
                                + one.group()
                                + text.substring(other.end());
            }
        },
        /** A stretch of up to 200 characters is gone. */
        DELETE {
            @Override
            String apply(String text, SplittableRandom random) {
                int from = random.nextInt(text.length());
                return text.substring(0, from) + text.substring(Math.min(text.length(), from + random.nextInt(1, 200)));
            }
        },
        /** The end is missing. */
        TRUNCATE {
            @Override
            String apply(String text, SplittableRandom random) {
                return text.substring(0, random.nextInt(text.length()));
            }
        },
        /** Lines of another kernel stand among its own, or in their place. */
        SPLICE {
            @Override
            String apply(String text, SplittableRandom random) {
                List<String> lines = new ArrayList<>(text.lines().toList());
                List<String> others =
                        KERNELS.get(random.nextInt(KERNELS.size())).lines().toList();
                for (int k = random.nextInt(1, 5); k > 0; k--) {
                    int at = random.nextInt(lines.size());
                    String line = others.get(random.nextInt(others.size()));
                    if (random.nextBoolean()) {
                        lines.add(at, line);
                    } else {
                        lines.set(at, line);
                    }
                }
                return String.join("\n", lines);
            }
        },
        /** A number becomes another, mostly one where something ends. */
        NUMBER {
            private static final List<String> ENDS = List.of(
                    "0",
                    "-1",
                    "31",
                    "32",
                    "33",
                    "255",
                    "65536",
                    "2147483647",
                    "2147483648",
                    "4294967295",
                    "9223372036854775807",
                    "9223372036854775808",
                    "18446744073709551616",
                    "0f7F800001",
                    "0x",
                    "1e9");

            @Override
            String apply(String text, SplittableRandom random) {
                List<MatchResult> numbers = Pattern.compile("(?<![\\w%$.])-?\\d\\w*")
                        .matcher(text)
                        .results()
                        .toList();
                MatchResult number = numbers.get(random.nextInt(numbers.size()));
                return text.substring(0, number.start())
                        + ENDS.get(random.nextInt(ENDS.size()))
                        + text.substring(number.end());
            }
        };

        abstract String apply(String text, SplittableRandom random);
    }

    private static Stream<Path> files() {
        try (Stream<Path> found = Files.list(Repository.path("kernels", "ptx"))) {
            return found.filter(file -> file.toString().endsWith(".ptx")).sorted().toList().stream();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Stream<String> entries(Path file) {
        String text = read(file);
        String head = text.substring(0, text.indexOf(".visible"));
        return ENTRY.matcher(text).results().map(entry -> head + entry.group() + "\n");
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void everyKernelIsHere() {
        assertThat(KERNELS)
                .hasSizeGreaterThanOrEqualTo(88)
                .allSatisfy(text -> assertThat(outcome(text)).isEqualTo("loads"));
    }

    /** Each round damages another kernel, once to three times over. */
    @ParameterizedTest
    @EnumSource
    void aDamagedKernelLoadsOrIsRefusedWithTheLine(Damage damage) {
        for (int round = 0; round < ROUNDS; round++) {
            SplittableRandom random = new SplittableRandom(Lanes.SEED * 31 + round * 6L + damage.ordinal());
            String text = KERNELS.get(random.nextInt(KERNELS.size()));
            for (int k = random.nextInt(1, 4); k > 0 && !text.isEmpty(); k--) {
                text = damage.apply(text, random);
            }
            check(text, damage + ", round " + round);
        }
    }

    /** Whole files, each damaged in every way: what one entry's damage does to the next. */
    @ParameterizedTest
    @MethodSource("files")
    void aDamagedFileLoadsOrIsRefusedWithTheLine(Path file) {
        String text = read(file);
        for (Damage damage : Damage.values()) {
            check(damage.apply(text, new SplittableRandom(Lanes.SEED + damage.ordinal())), file + ", " + damage);
        }
    }

    private static void check(String text, String what) {
        String where = what + ", -Dclusca.seed=" + Lanes.SEED;
        assertThat(assertTimeoutPreemptively(LIMIT, () -> outcome(text), where))
                .as(where)
                .isIn("loads", "refused");
    }

    /** {@code loads}, {@code refused}, or what else happened. */
    private static String outcome(String text) {
        try {
            Emulator.create(1, EmulatorOptions.DEFAULT).load(Ptx.parse(text));
            return "loads";
        } catch (PtxException e) {
            long lines = text.lines().count();
            return e.line() >= 1
                            && e.line() <= lines + 1
                            && String.valueOf(e.getMessage()).startsWith("PTX line ")
                    ? "refused"
                    : "refused at line " + e.line() + " of " + lines + ": " + e.getMessage();
        } catch (RuntimeException | Error e) {
            return e + " at " + Arrays.stream(e.getStackTrace()).limit(4).toList();
        }
    }
}
