package dev.clusca.emulator.memory;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Which bytes of a memory hold a value: one state for each byte. Once the host has written everything there is nothing left to remember, and reads cost no check.
 */
public final class Written {
    /** Nobody wrote the byte. */
    static final byte NEVER = 0;
    /** The byte holds a value. */
    static final byte YES = 1;
    /** A cp.async will write the byte and has not been waited for. */
    static final byte IN_FLIGHT = 2;

    private static final long YES_8 = 0x0101010101010101L;
    private static final long IN_FLIGHT_8 = 0x0202020202020202L;

    private byte @Nullable [] state;

    Written(int bytes) {
        state = new byte[bytes];
    }

    /** Whether all of {@code bytes} bytes from {@code at} hold a value. */
    boolean all(int at, int bytes) {
        byte[] s = state;
        return s == null || all(s, at, bytes);
    }

    private static boolean all(byte[] s, int at, int bytes) {
        int i = at;
        int end = at + bytes;
        for (; i + 8 <= end; i += 8) {
            if (Bytes.getLong(s, i) != YES_8) {
                return false;
            }
        }
        for (; i < end; i++) {
            if (s[i] != YES) {
                return false;
            }
        }
        return true;
    }

    /** The same for the lanes in {@code mask}, each at its own offset; gives the lanes that would read something else. */
    int missing(int[] offsets, int bytes, int mask) {
        byte[] s = state;
        if (s == null) {
            return 0;
        }
        int missing = 0;
        if (bytes == 4) {
            for (int m = mask; m != 0; m &= m - 1) {
                int lane = Integer.numberOfTrailingZeros(m);
                missing |= Bytes.getInt(s, offsets[lane]) == (int) YES_8 ? 0 : 1 << lane;
            }
            return missing;
        }
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            missing |= all(s, offsets[lane], bytes) ? 0 : 1 << lane;
        }
        return missing;
    }

    /** The first byte of a range that holds no value, and why: {@link #NEVER} or {@link #IN_FLIGHT}. */
    byte stateAt(int at) {
        byte[] s = state;
        return s == null ? YES : s[at];
    }

    boolean anyInFlight(int at, int bytes) {
        byte[] s = state;
        if (s == null) {
            return false;
        }
        int i = at;
        int end = at + bytes;
        for (; i + 8 <= end; i += 8) {
            if ((Bytes.getLong(s, i) & IN_FLIGHT_8) != 0) {
                return true;
            }
        }
        for (; i < end; i++) {
            if (s[i] == IN_FLIGHT) {
                return true;
            }
        }
        return false;
    }

    void set(int at, int bytes) {
        set(at, bytes, YES);
    }

    void set(int at, int bytes, byte value) {
        byte[] s = state;
        if (s == null) {
            return;
        }
        switch (bytes) {
            case 4 -> Bytes.putInt(s, at, (int) YES_8 * value);
            case 8 -> Bytes.putLong(s, at, YES_8 * value);
            case 16 -> {
                Bytes.putLong(s, at, YES_8 * value);
                Bytes.putLong(s, at + 8, YES_8 * value);
            }
            default -> Arrays.fill(s, at, at + bytes, value);
        }
    }

    /** Everything holds a value from now on. */
    void complete() {
        state = null;
    }

    /** Forgets everything below {@code bytes}. */
    void forget(int bytes) {
        byte[] s = state;
        if (s != null) {
            Arrays.fill(s, 0, bytes, NEVER);
        }
    }
}
