package dev.clusca.cases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import org.junit.jupiter.api.Test;

/** Cases that somebody puts together himself. */
class OpCaseTest {
    private static final Shape ROWS = Shape.of(1, 3, 4);

    private static OpCase.Builder gather() {
        return OpCase.of("gatherRows", Precision.F32, "mine").in("x", DType.F32, ROWS, Arg.Fill.bell(1));
    }

    private static OpCase ended(OpCase.Builder builder) {
        return builder.out("rows", DType.F32, 1, 2, 4)
                .call(run -> run.ops().gatherRows(run.get("x"), run.get("index"), run.get("rows")));
    }

    @Test
    void anArgumentIsFilledByWhatLiesBeforeIt() {
        OpCase mine = ended(gather().in("index", DType.I32, Shape.of(1, 2), (arg, rng, earlier) -> {
            float[] x = earlier.floats("x");
            return new float[] {x[0] > x[4] ? 0 : 1, 2};
        }));

        assertThat(mine.name()).isEqualTo("gatherRows/f32/mine");
        try (Backend reference = Backends.require("reference", BackendOptions.DEFAULT)) {
            Oracle oracle = new Oracle(mine, reference, 1, false);
            float[] x = oracle.inputs().floats("x");
            float[] rows = new float[4];
            System.arraycopy(x, x[0] > x[4] ? 0 : 4, rows, 0, 4);
            assertThat(oracle.results().get("rows").floats()).startsWith(rows);
        }
    }

    @Test
    void mistakesAreNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> gather().in("x", DType.F32, ROWS, Arg.Fill.bell(1)))
                .withMessage("gatherRows: there are two arguments named x");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> gather().in("y", DType.I64, ROWS, Arg.Fill.bell(1)))
                .withMessageContaining("the argument y is i64; cases have f32, bf16 and i32");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> gather().out("rows", DType.F32, 1, 0, 4))
                .withMessageContaining("the argument rows[1, 0, 4] has no elements");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> gather().call(run -> {}))
                .withMessageContaining("the case has no result to check; name what the operation writes");
    }

    @Test
    void everyElementIsFilled() {
        OpCase few = ended(gather().in("index", DType.I32, Shape.of(1, 2), Arg.Fill.values(1)));
        OpCase many = ended(gather().in("index", DType.I32, Shape.of(1, 2), Arg.Fill.values(1, 0, 2)));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> new OpRun.Inputs(few, 1))
                .withMessage("gatherRows/f32/mine: the argument index[1, 2] was filled with 1 values; expected 2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new OpRun.Inputs(many, 1))
                .withMessageContaining("was filled with 3 values; expected 2");
    }

    @Test
    void whatWasNotFilledBeforeIsNamed() {
        OpCase mine =
                ended(gather().in("index", DType.I32, Shape.of(1, 2), (arg, rng, earlier) -> earlier.floats("y")));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> new OpRun.Inputs(mine, 1))
                .withMessage("the case has no argument 'y' that was filled before; there are [x]");
    }
}
