package dev.clusca.backend.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The table of handles against a map, under random traffic. */
class HandleTableTest {
    @Test
    void holdsWhatAMapHolds() {
        long seed = Long.getLong("clusca.seed", System.nanoTime());
        SplittableRandom random = new SplittableRandom(seed);
        HandleTable<String> table = new HandleTable<>();
        Map<Long, String> map = new HashMap<>();
        for (int i = 0; i < 3000; i++) {
            long handle = random.nextLong(-40, 40);
            if (random.nextInt(3) == 0) {
                table.remove(handle);
                map.remove(handle);
            } else {
                table.put(handle, "value " + i);
                map.put(handle, "value " + i);
            }
            long asked = random.nextLong(-41, 41);
            assertThat(table.get(asked))
                    .as("-Dclusca.seed=" + seed + ", step " + i)
                    .isEqualTo(map.get(asked));
            assertThat(table.size()).as("-Dclusca.seed=" + seed + ", step " + i).isEqualTo(map.size());
        }
    }
}
