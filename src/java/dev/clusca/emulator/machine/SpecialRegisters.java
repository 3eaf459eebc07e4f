package dev.clusca.emulator.machine;

import dev.clusca.emulator.report.Dim3;
import java.util.Arrays;

/** Fills the special registers of a warp, which are the first slots of its 32-bit registers. */
final class SpecialRegisters {
    private SpecialRegisters() {}

    static void fill(int[][] registers, Launch launch, Dim3 block, int firstThread, int lanes) {
        Dim3 size = launch.blockSize();
        Dim3 grid = launch.grid();
        for (int lane = 0; lane < lanes; lane++) {
            Dim3 thread = size.coordinates((long) firstThread + lane);
            registers[Special.TID_X.ordinal()][lane] = thread.x();
            registers[Special.TID_Y.ordinal()][lane] = thread.y();
            registers[Special.TID_Z.ordinal()][lane] = thread.z();
        }
        for (int lane = 0; lane < Warp.LANES; lane++) {
            int bit = 1 << lane;
            registers[Special.LANEID.ordinal()][lane] = lane;
            registers[Special.LANEMASK_EQ.ordinal()][lane] = bit;
            registers[Special.LANEMASK_LT.ordinal()][lane] = bit - 1;
            registers[Special.LANEMASK_LE.ordinal()][lane] = bit | bit - 1;
            registers[Special.LANEMASK_GE.ordinal()][lane] = -bit;
            registers[Special.LANEMASK_GT.ordinal()][lane] = -bit & ~bit;
        }
        all(registers, Special.NTID_X, size.x());
        all(registers, Special.NTID_Y, size.y());
        all(registers, Special.NTID_Z, size.z());
        all(registers, Special.CTAID_X, block.x());
        all(registers, Special.CTAID_Y, block.y());
        all(registers, Special.CTAID_Z, block.z());
        all(registers, Special.NCTAID_X, grid.x());
        all(registers, Special.NCTAID_Y, grid.y());
        all(registers, Special.NCTAID_Z, grid.z());
        all(registers, Special.WARPID, firstThread / Warp.LANES);
        all(registers, Special.NWARPID, 64);
        all(registers, Special.SMID, 0);
        all(registers, Special.NSMID, 1);
        all(registers, Special.DYNAMIC_SMEM_SIZE, launch.dynamicSharedBytes());
        all(registers, Special.TOTAL_SMEM_SIZE, launch.sharedBytes());
        all(registers, Special.ENVREG1, (int) (launch.gridBarrier() >>> 32));
        all(registers, Special.ENVREG2, (int) launch.gridBarrier());
    }

    private static void all(int[][] registers, Special which, int value) {
        Arrays.fill(registers[which.ordinal()], value);
    }
}
