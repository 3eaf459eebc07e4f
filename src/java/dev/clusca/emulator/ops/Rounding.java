package dev.clusca.emulator.ops;

/** A float from a sum {@code high + low} of doubles, where {@code low} is what {@code high} lost to its own rounding: correctly rounded in any direction. */
enum Rounding {
    NEAREST {
        @Override
        float round(double high, double low) {
            return (float) high;
        }
    },
    ZERO {
        @Override
        float round(double high, double low) {
            return high < 0 || high == 0 && low < 0 ? UP.round(high, low) : DOWN.round(high, low);
        }
    },
    DOWN {
        @Override
        float round(double high, double low) {
            float f = (float) high;
            return f > high || f == high && low < 0 ? Math.nextDown(f) : f;
        }
    },
    UP {
        @Override
        float round(double high, double low) {
            float f = (float) high;
            return f < high || f == high && low > 0 ? Math.nextUp(f) : f;
        }
    };

    abstract float round(double high, double low);

    /** Takes the rounding that a form names; to nearest even where it names none. */
    static Rounding of(Form form) {
        return switch (form.takeOne("rn", "rn", "rz", "rm", "rp")) {
            case "rz" -> ZERO;
            case "rm" -> DOWN;
            case "rp" -> UP;
            default -> NEAREST;
        };
    }

    /** {@code a + b}. */
    float sum(double a, double b) {
        double sum = a + b;
        double bRounded = sum - a;
        double lost = (a - (sum - bRounded)) + (b - bRounded);
        return round(sum, lost);
    }
}
