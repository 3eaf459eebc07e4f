package dev.clusca.emulator.ops;

import dev.clusca.emulator.memory.LaunchStamps;
import dev.clusca.emulator.ptx.Space;

/**
 * The memory order that an access names, and how far it reaches. Accesses with one do not race with each other, and warps meet through them in global memory: shared memory itself is held to barriers.
 * Scopes that do not reach each other are not told apart, and a read with an order is not held against plain writes before it.
 *
 * @param acquires whether what others told of is seen from then on; where not, a fence behind the access does that
 * @param releases whether it tells of everything that is ordered before; where not, a fence before the access does that
 */
record Order(Reach reach, boolean acquires, boolean releases) {
    private static final Order WEAK = new Order(Reach.NOBODY, false, false);

    enum Reach {
        /** The weak order of a plain access. */
        NOBODY,
        /** The warps of a block: block scope, or shared memory. */
        BLOCK,
        /** All warps. */
        GRID
    }

    /** Takes order and scope from a form; {@code otherwise} is the order of one that names none. */
    static Order of(Form form, Space space, String otherwise) {
        String order = form.takeOne(otherwise, "weak", "relaxed", "volatile", "acquire", "release", "acq_rel");
        boolean otherBlocks = reachesOtherBlocks(form);
        Reach reach = switch (space) {
            case GLOBAL, GENERIC -> otherBlocks ? Reach.GRID : Reach.BLOCK;
            case SHARED -> Reach.BLOCK;
            case LOCAL, CONST, PARAM -> Reach.NOBODY;
        };
        return switch (reach == Reach.NOBODY ? "weak" : order) {
            case "relaxed", "volatile" -> new Order(reach, false, false);
            case "acquire" -> new Order(reach, true, false);
            case "release" -> new Order(reach, false, true);
            case "acq_rel" -> new Order(reach, true, true);
            default -> WEAK;
        };
    }

    /** Takes the scope, which is wider than a block where none is named. */
    static boolean reachesOtherBlocks(Form form) {
        return !form.takeOne("", "cta", "cluster", "gpu", "gl", "sys").equals("cta");
    }

    /** Whether there is one beyond the weak order of a plain access. */
    boolean isNamed() {
        return reach != Reach.NOBODY;
    }

    /** Before a warp writes under this order. */
    void beforeWrite(LaunchStamps.Warp stamp) {
        if (releases) {
            stamp.release(reach == Reach.GRID);
        }
        stamp.tell(reach == Reach.GRID);
    }

    /** After a warp has read under this order. */
    void afterRead(LaunchStamps.Warp stamp) {
        stamp.meet(reach == Reach.GRID);
        if (acquires) {
            stamp.acquire(reach == Reach.GRID);
        }
    }
}
