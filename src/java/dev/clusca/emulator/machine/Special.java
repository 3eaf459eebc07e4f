package dev.clusca.emulator.machine;

/** The special registers that do not change while a block runs, in the order of their slots among a warp's 32-bit registers. */
public enum Special {
    TID_X("%tid.x"),
    TID_Y("%tid.y"),
    TID_Z("%tid.z"),
    NTID_X("%ntid.x"),
    NTID_Y("%ntid.y"),
    NTID_Z("%ntid.z"),
    CTAID_X("%ctaid.x"),
    CTAID_Y("%ctaid.y"),
    CTAID_Z("%ctaid.z"),
    NCTAID_X("%nctaid.x"),
    NCTAID_Y("%nctaid.y"),
    NCTAID_Z("%nctaid.z"),
    LANEID("%laneid"),
    WARPID("%warpid"),
    NWARPID("%nwarpid"),
    SMID("%smid"),
    NSMID("%nsmid"),
    LANEMASK_EQ("%lanemask_eq"),
    LANEMASK_LE("%lanemask_le"),
    LANEMASK_LT("%lanemask_lt"),
    LANEMASK_GE("%lanemask_ge"),
    LANEMASK_GT("%lanemask_gt"),
    DYNAMIC_SMEM_SIZE("%dynamic_smem_size"),
    TOTAL_SMEM_SIZE("%total_smem_size"),
    /** High and low word of the address of a cooperative launch's grid barrier; see {@link Launch}. */
    ENVREG1("%envreg1"),
    ENVREG2("%envreg2");

    private final String ptxName;

    Special(String ptxName) {
        this.ptxName = ptxName;
    }

    public String ptxName() {
        return ptxName;
    }
}
