package dev.clusca.cases;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Every operation's cases. */
public final class OpCases {
    private OpCases() {}

    public static List<OpCase> all() {
        Set<String> names = new HashSet<>();
        // Settings dealt out in turn may meet twice; a name stands for one case.
        return Stream.of(
                        EntryCases.all(),
                        BlockCases.all(),
                        LadderCases.all(),
                        PrefixCases.all(),
                        FusedCases.all(),
                        ClusterCases.all(),
                        ExitCases.all(),
                        DecoderCases.all())
                .flatMap(List::stream)
                .filter(c -> names.add(c.name()))
                .toList();
    }
}
