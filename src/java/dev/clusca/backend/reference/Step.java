package dev.clusca.backend.reference;

import dev.clusca.backend.Modulation;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.tensor.Tensor;

/** The row of a step table that is running. */
record Step(Floats table, int index) {
    static Step of(StepTable steps) {
        int cursor = new Ints(steps.cursor()).get(0);
        if (cursor < 0 || cursor >= steps.steps()) {
            throw new IndexOutOfBoundsException("the step table's cursor is " + cursor + "; expected 0 to "
                    + (steps.steps() - 1) + ", since a run ends with its last step");
        }
        return new Step(new Floats(steps.rows()), cursor);
    }

    double get(Column column) {
        return table.get((long) index * Column.COUNT + column.ordinal());
    }

    /** A number of ladder terms, which the ladder must have. */
    int terms(Column column, Tensor ladder) {
        double terms = get(column);
        long planes = ladder.shape().dim(0);
        if (!(terms >= 1 && terms <= planes) || terms != Math.rint(terms)) {
            throw new IllegalStateException("the step table says " + column + " = " + terms + " at its row " + index
                    + "; expected 1 to " + planes + ", the planes of the ladder");
        }
        return (int) terms;
    }

    /** The forecast's factors {@code d^i / i!} for its first terms. */
    double[] factors(int terms) {
        return table.read((long) index * Column.COUNT + Column.FACTOR_0.ordinal(), terms);
    }

    /** The step as the sampler counts it. */
    int number() {
        return (int) get(Column.STEP);
    }

    /** One chunk of a modulation for one batch row, {@code C} numbers. */
    static double[] chunk(Modulation modulation, int row, int chunk) {
        Tensor table = modulation.table();
        long conditions = table.shape().dim(1);
        long chunks = table.shape().dim(2);
        int width = table.shape().size(3);
        int condition =
                new Ints(modulation.conditions()).get(row, "the condition of batch row", 0, (int) conditions - 1);
        long step = of(modulation.steps()).index;
        return new Floats(table).read(((step * conditions + condition) * chunks + chunk) * width, width);
    }
}
