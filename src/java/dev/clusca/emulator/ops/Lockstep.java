package dev.clusca.emulator.ops;

import dev.clusca.emulator.machine.Warp;
import dev.clusca.emulator.memory.AccessFault;
import dev.clusca.emulator.report.FaultKind;

/** What instructions that work across lanes demand of the lanes that run them. */
final class Lockstep {
    private Lockstep() {}

    /**
     * Whether for each lane here all live lanes that its mask names are here, with the same mask: the parts of a warp may work side by side. If not, the lanes here wait; it is a
     * fault if the others can never come, or if a lane is here that its own mask does not name.
     */
    static boolean together(Warp warp, int mask, int[] members) {
        int left = mask;
        while (left != 0) {
            int group = group(members, left);
            int named = members[Integer.numberOfTrailingZeros(group)];
            int strangers = group & ~named;
            if (strangers != 0) {
                throw new AccessFault(
                        FaultKind.DIVERGENT_WARP,
                        Integer.numberOfTrailingZeros(strangers),
                        "lanes " + lanes(strangers) + " run it but its mask " + lanes(named) + " does not name them");
            }
            if (!present(warp, group, named, FaultKind.DIVERGENT_WARP)) {
                return false;
            }
            left &= ~group;
        }
        return true;
    }

    /** The lanes of {@code left} whose mask is that of the first of them. */
    static int group(int[] members, int left) {
        int named = members[Integer.numberOfTrailingZeros(left)];
        int group = 0;
        for (int lane = 0; lane < Warp.LANES; lane++) {
            group |= members[lane] == named ? 1 << lane : 0;
        }
        return group & left;
    }

    /** The same for instructions of the whole warp, which must have 32 live lanes. */
    static boolean wholeWarp(Warp warp, int mask) {
        if (warp.live() != Warp.ALL) {
            throw new AccessFault(
                    FaultKind.DIVERGENT_WARP,
                    Integer.numberOfTrailingZeros(mask),
                    "it needs all 32 lanes, and lanes " + lanes(~warp.live()) + " have ended or never began");
        }
        return present(warp, mask, Warp.ALL, FaultKind.DIVERGENT_WARP);
    }

    /** The same for barriers of the block, which every live lane of a warp passes together. */
    static boolean atBarrier(Warp warp, int mask) {
        return present(warp, mask, warp.live(), FaultKind.DIVERGENT_BARRIER);
    }

    private static boolean present(Warp warp, int mask, int members, FaultKind fault) {
        int missing = members & warp.live() & ~mask;
        if (missing == 0) {
            return true;
        }
        String detail = "lanes " + lanes(mask) + " are here, lanes " + lanes(missing) + " are not";
        if ((missing & warp.active()) != 0) {
            throw new AccessFault(
                    fault,
                    Integer.numberOfTrailingZeros(mask),
                    detail + ": their predicate is false or their mask another");
        }
        warp.waitForLanes(fault, detail + " and cannot come");
        return false;
    }

    /** Lanes as ranges: {@code 0-7,16}. */
    static String lanes(int mask) {
        StringBuilder text = new StringBuilder();
        int lane = 0;
        while (lane < Warp.LANES) {
            if ((mask >>> lane & 1) == 0) {
                lane++;
                continue;
            }
            int first = lane;
            while (lane < Warp.LANES && (mask >>> lane & 1) != 0) {
                lane++;
            }
            text.append(text.isEmpty() ? "" : ",").append(first);
            if (lane - 1 > first) {
                text.append('-').append(lane - 1);
            }
        }
        return text.toString();
    }
}
