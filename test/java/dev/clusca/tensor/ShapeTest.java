package dev.clusca.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ShapeTest {
    @Test
    void countsElements() {
        assertThat(Shape.of(2, 3, 5).elements()).isEqualTo(30);
        assertThat(Shape.of().elements()).as("a scalar").isEqualTo(1);
        assertThat(Shape.of(4, 0).elements()).isZero();
        assertThat(Shape.of(2, 3).bytes(DType.BF16)).isEqualTo(12);
    }

    @Test
    void namesExtentsFromEitherEnd() {
        Shape shape = Shape.of(2, 3, 5);
        assertThat(shape.dim(0)).isEqualTo(2);
        assertThat(shape.dim(-1)).isEqualTo(5);
        assertThat(shape.inner()).isEqualTo(Shape.of(3, 5));
        assertThat(shape.withOuter(7)).isEqualTo(Shape.of(7, 3, 5));
        assertThat(shape).hasToString("[2, 3, 5]").hasSameHashCodeAs(Shape.of(2, 3, 5));
    }

    @Test
    void keepsItsExtentsWhenTheArrayChanges() {
        long[] extents = {2, 3};
        Shape shape = Shape.of(extents);
        extents[0] = 9;
        shape.toArray()[1] = 9;
        assertThat(shape).isEqualTo(Shape.of(2, 3));
    }

    @Test
    void refusesWhatIsNoShape() {
        assertThatThrownBy(() -> Shape.of(2, -3))
                .hasMessageContaining("[2, -3]")
                .hasMessageContaining("at least 0");
        assertThatThrownBy(() -> Shape.of(1L << 40, 1L << 40)).hasMessageContaining("64-bit");
        assertThatThrownBy(() -> Shape.of(1L << 40).size(0)).isInstanceOf(ArithmeticException.class);
        assertThatThrownBy(() -> Shape.of().inner()).hasMessageContaining("scalar");
        assertThatThrownBy(() -> Shape.of().withOuter(2)).hasMessageContaining("scalar");
        assertThatThrownBy(() -> Shape.of(2, 3).dim(2)).hasMessageContaining("[2, 3] has no axis 2");
        assertThatThrownBy(() -> Shape.of(2, 3).dim(-3)).hasMessageContaining("[2, 3] has no axis -3");
        assertThatThrownBy(() -> Shape.of(1L << 61).bytes(DType.F32)).hasMessageContaining("64-bit");
    }
}
