package dev.clusca.cases;

import java.util.ArrayList;
import java.util.List;

/** The extents that the cases combine: around vector widths, warps and tiles, and primes that divide nothing. */
final class Extents {
    static final List<Integer> EDGES = List.of(1, 3, 31, 32, 33, 97, 128, 200, 257);

    private Extents() {}

    /** A number for every pair of edges, so that settings can be dealt out in turn. */
    record Pair(int number, int a, int b) {}

    /** Three extents. */
    record Triple(int number, int a, int b, int c) {}

    /** Every pair of edges. */
    static List<Pair> pairs() {
        List<Pair> all = new ArrayList<>();
        for (int a : EDGES) {
            for (int b : EDGES) {
                all.add(new Pair(all.size(), a, b));
            }
        }
        return all;
    }

    /** Three extents such that any two of them take every pair of edges: a Latin square. */
    static List<Triple> triples() {
        List<Triple> all = new ArrayList<>();
        int n = EDGES.size();
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                all.add(new Triple(all.size(), EDGES.get(i), EDGES.get(j), EDGES.get((i + j) % n)));
            }
        }
        return all;
    }
}
