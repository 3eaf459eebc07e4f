package dev.clusca.emulator.ops;

import dev.clusca.emulator.ptx.Space;

/**
 * The memory order that an access names, as far as it reaches other blocks; within a block it is barriers that order.
 *
 * @param isNamed whether there is one beyond the weak order of a plain access: such accesses do not race with each other, and blocks meet through them
 * @param acquires whether what other blocks published is seen from then on; where not, a fence behind the access does that
 * @param releases whether everything that the block did before is published; where not, a fence before the access does that
 */
record Order(boolean isNamed, boolean acquires, boolean releases) {
    private static final Order WEAK = new Order(false, false, false);

    /** Takes order and scope from a form; {@code otherwise} is the order of one that names none. */
    static Order of(Form form, Space space, String otherwise) {
        String order = form.takeOne(otherwise, "weak", "relaxed", "volatile", "acquire", "release", "acq_rel");
        boolean reaches = reachesOtherBlocks(form) && (space == Space.GLOBAL || space == Space.GENERIC);
        return switch (reaches ? order : "weak") {
            case "relaxed", "volatile" -> new Order(true, false, false);
            case "acquire" -> new Order(true, true, false);
            case "release" -> new Order(true, false, true);
            case "acq_rel" -> new Order(true, true, true);
            default -> WEAK;
        };
    }

    /** Takes the scope, which is wider than a block where none is named. */
    static boolean reachesOtherBlocks(Form form) {
        return !form.takeOne("", "cta", "cluster", "gpu", "gl", "sys").equals("cta");
    }
}
