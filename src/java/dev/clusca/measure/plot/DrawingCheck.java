package dev.clusca.measure.plot;

import java.io.IOException;

/** Whether this Java can draw charts. It needs the desktop module, a font, and fontconfig to find it, which servers and containers often lack. */
public final class DrawingCheck {
    private static final String HEADLESS = "java.awt.headless";
    private static final String DESKTOP = "java.desktop";

    private DrawingCheck() {}

    /**
     * Starts drawing, which takes a moment; from then on it works. To be called before anything else of this package, whose classes do not load without the module.
     *
     * @throws IOException if it cannot work: why, and what to install
     */
    public static void start() throws IOException {
        if (ModuleLayer.boot().findModule(DESKTOP).isEmpty()) {
            throw new IOException(sentence("this Java has no module " + DESKTOP, "take a whole JDK"));
        }
        if (System.getProperty(HEADLESS) == null) {
            System.setProperty(HEADLESS, "true"); // or a forwarded display would be asked, and may not answer
        }
        try {
            Figure.startDrawing();
        } catch (OutOfMemoryError e) {
            throw e;
        } catch (RuntimeException | Error e) {
            // What is missing is said in many ways, as an error of the JVM too.
            throw new IOException(
                    sentence(
                            e.toString().lines().findFirst().orElse(""),
                            "install fontconfig and a font (Debian and Ubuntu: apt install fontconfig fonts-dejavu-core)"),
                    e);
        }
    }

    private static String sentence(String cause, String remedy) {
        return "charts cannot be drawn: " + cause + "; " + remedy;
    }
}
