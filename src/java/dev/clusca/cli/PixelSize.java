package dev.clusca.cli;

import dev.clusca.checkpoint.FluxConfig;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Height and width of a picture of FLUX in pixels, as a user writes them: {@code 768x1360}. */
public record PixelSize(int height, int width) {
    /** Of the published tables. */
    static final PixelSize PUBLISHED = new PixelSize(1024, 1024);

    /** Tokens of the image from top to bottom. */
    public int rows() {
        return height / FluxConfig.TOKEN_PIXELS;
    }

    /** Tokens of the image from left to right. */
    public int columns() {
        return width / FluxConfig.TOKEN_PIXELS;
    }

    @Override
    public String toString() {
        return height + "x" + width;
    }

    /** Reads a size. */
    public static final class Converter implements ITypeConverter<PixelSize> {
        @Override
        public PixelSize convert(String text) {
            String[] parts = text.split("x", -1);
            if (parts.length == 2 && parts[0].matches("\\d{1,5}") && parts[1].matches("\\d{1,5}")) {
                PixelSize size = new PixelSize(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
                if (size.height > 0
                        && size.width > 0
                        && size.height % FluxConfig.TOKEN_PIXELS == 0
                        && size.width % FluxConfig.TOKEN_PIXELS == 0) {
                    return size;
                }
            }
            throw new TypeConversionException("'" + text + "' is not height and width in pixels, multiples of "
                    + FluxConfig.TOKEN_PIXELS + ", as 768x1360");
        }
    }
}
