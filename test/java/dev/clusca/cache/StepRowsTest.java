package dev.clusca.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.backend.StepTable.Column;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The ladder's schedule against cache-methods 1.1, worked out by hand. */
class StepRowsTest {
    @Test
    void ladderGrowsByOneOrderPerFullStep() {
        TaylorSeer policy = new TaylorSeer(3, 3);
        float[][] rows = StepRows.of(policy, policy.kinds(12)); // FFccFccFccFc
        assertThat(column(rows, Column.STEP)).containsExactly(11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
        assertThat(column(rows, Column.LADDER_TERMS)).containsExactly(1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 4, 4);
        assertThat(column(rows, Column.TERMS)).containsExactly(1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 4, 4);
        assertThat(rows[0][Column.LADDER_DIVISOR.ordinal()]).isEqualTo(1);
        assertThat(rows[1][Column.LADDER_DIVISOR.ordinal()]).isEqualTo(-1);
        assertThat(rows[4][Column.LADDER_DIVISOR.ordinal()]).isEqualTo(-3);
        assertThat(rows[7][Column.LADDER_DIVISOR.ordinal()]).isEqualTo(-3);
    }

    @Test
    void factorsAreThoseOfATaylorSeriesInTheSignedDistance() {
        TaylorSeer policy = new TaylorSeer(3, 4);
        float[][] rows = StepRows.of(policy, policy.kinds(20));
        float[] twoAfterFull = rows[15]; // full at 13
        assertThat(twoAfterFull[Column.TERMS.ordinal()]).isEqualTo(5);
        assertThat(twoAfterFull[Column.FACTOR_0.ordinal()]).isEqualTo(1);
        assertThat(twoAfterFull[Column.FACTOR_1.ordinal()]).isEqualTo(-2);
        assertThat(twoAfterFull[Column.FACTOR_2.ordinal()]).isEqualTo(2);
        assertThat(twoAfterFull[Column.FACTOR_3.ordinal()]).isEqualTo(-8f / 6);
        assertThat(twoAfterFull[Column.FACTOR_4.ordinal()]).isEqualTo(16f / 24);
    }

    @Test
    void warmUpHoldsTheLadderBack() {
        TaylorSeer flux = new TaylorSeer(
                Schedule.every(4), 2, 3, null); // FFFcccFccc: order 1 at the third step, order 2 at the next full one
        float[][] rows = StepRows.of(flux, flux.kinds(10));
        assertThat(column(rows, Column.LADDER_TERMS)).containsExactly(1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
    }

    @Test
    void oneFirstStepStartsWithPlainReuse() {
        TaylorSeer hunyuan = new TaylorSeer(Schedule.every(3), 1, 1, null); // FccFcc
        float[][] rows = StepRows.of(hunyuan, hunyuan.kinds(6));
        assertThat(column(rows, Column.TERMS)).containsExactly(1, 1, 1, 2, 2, 2);
    }

    @Test
    void unequalDistancesCountFromTheFullStepBefore() {
        TaylorSeer policy = new TaylorSeer(Schedule.at(3, 8, 10), 2, 1, null); // FccFccccFcFcc
        float[][] rows = StepRows.of(policy, policy.kinds(13));
        assertThat(column(rows, Column.LADDER_TERMS)).containsExactly(1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3);
        assertThat(rows[3][Column.LADDER_DIVISOR.ordinal()]).isEqualTo(-3);
        assertThat(rows[8][Column.LADDER_DIVISOR.ordinal()]).isEqualTo(-5);
        assertThat(rows[10][Column.LADDER_DIVISOR.ordinal()]).isEqualTo(-2);
        assertThat(column(rows, Column.FACTOR_1)).containsExactly(0, 0, 0, 0, -1, -2, -3, -4, 0, -1, 0, -1, -2);
    }

    @Test
    void aScheduleStartsFull() {
        assertThatThrownBy(() -> StepRows.of(new Fora(2), List.of(StepKind.CACHED, StepKind.FULL)))
                .hasMessageContaining("first step of a schedule must be full");
    }

    private static float[] column(float[][] rows, Column column) {
        float[] values = new float[rows.length];
        for (int i = 0; i < rows.length; i++) {
            values[i] = rows[i][column.ordinal()];
        }
        return values;
    }
}
