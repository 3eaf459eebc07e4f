package dev.clusca.emulator.report;

/** What can be wrong with a kernel. */
public enum FaultKind {
    OUT_OF_BOUNDS("access outside every allocation"),
    USE_AFTER_FREE("access to freed memory"),
    MISALIGNED("misaligned access"),
    READ_ONLY("write to read-only memory"),
    UNINITIALISED_GLOBAL("read of global memory that nobody wrote"),
    UNINITIALISED_SHARED("read of shared memory that nobody wrote"),
    UNINITIALISED_LOCAL("read of local memory that nobody wrote"),
    UNINITIALISED_REGISTER("read of a register that nothing set"),
    SHARED_RACE("race in shared memory"),
    BLOCK_CONFLICT("unsynchronised accesses of two blocks to one address, one of them a write"),
    GLOBAL_RACE("race of two warps of a block in global memory"),
    STALE_READ("read through the read-only path of what the same launch wrote"),
    ASYNC_IN_FLIGHT("access to shared memory that an unfinished cp.async will write"),
    ASYNC_UNFINISHED("end of a thread before its cp.async"),
    DIVERGENT_BARRIER("barrier reached by a part of a warp"),
    MISSING_BARRIER("barrier that some threads never reach"),
    DIVERGENT_WARP("warp instruction without all the lanes that it names"),
    INACTIVE_LANE("read from a lane that does not take part"),
    TRAP("trap"),
    HANG("no end within the instruction budget"),
    INVALID("instruction with operands that mean nothing");

    private final String meaning;

    FaultKind(String meaning) {
        this.meaning = meaning;
    }

    /** In words, without a capital or a full stop. */
    public String meaning() {
        return meaning;
    }
}
