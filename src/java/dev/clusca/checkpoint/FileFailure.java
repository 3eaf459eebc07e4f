package dev.clusca.checkpoint;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** What a file could not be used for, in words: the JDK's exceptions often have its name for a message and no reason. */
public final class FileFailure {
    private FileFailure() {}

    /** The reason, as it stands behind the name of a file: {@code permission denied}. */
    public static String reason(IOException e) {
        return switch (e) {
            case AccessDeniedException denied -> "permission denied";
            case FileAlreadyExistsException there -> "it exists already";
            case NoSuchFileException missing -> "no such file or folder";
            case CharacterCodingException text -> "it is not text in UTF-8";
            case NotDirectoryException file -> "it is not a folder";
            case FileSystemException other ->
                other.getReason() != null ? other.getReason() : "the file system refuses it";
            default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        };
    }

    /** The reason behind the name of the file, where the exception knows it. */
    public static String sentence(IOException e) {
        return e instanceof FileSystemException failure && failure.getFile() != null
                ? failure.getFile() + ": " + reason(failure)
                : reason(e);
    }
}
