package dev.clusca.emulator.driver;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The results that this driver gives; codes and names are those of {@code CUresult}. */
enum Result {
    SUCCESS(0, "no error"),
    INVALID_VALUE(1, "an argument is outside of what the call takes"),
    OUT_OF_MEMORY(2, "the device has too little memory left"),
    NOT_INITIALIZED(3, "cuInit was not called"),
    DEINITIALIZED(4, "the driver is shutting down"),
    NO_DEVICE(100, "no device"),
    INVALID_DEVICE(101, "no device has this number"),
    INVALID_IMAGE(200, "the module's image is neither PTX nor machine code"),
    INVALID_CONTEXT(201, "no context is current, or the handle is none of a context"),
    NO_BINARY_FOR_GPU(209, "the image holds nothing that this device can run"),
    INVALID_PTX(218, "the PTX cannot be compiled; the error log says why"),
    UNSUPPORTED_PTX_VERSION(222, "the PTX has a newer version than this driver reads"),
    FILE_NOT_FOUND(301, "the file was not found"),
    INVALID_HANDLE(400, "the handle is none of a living object of this kind"),
    ILLEGAL_STATE(401, "the object is not in a state that allows the call"),
    NOT_FOUND(500, "nothing has this name"),
    NOT_READY(600, "the work has not finished"),
    ILLEGAL_ADDRESS(700, "a kernel accessed memory that it may not"),
    LAUNCH_OUT_OF_RESOURCES(701, "the launch needs more than the device or the kernel's bounds allow"),
    LAUNCH_TIMEOUT(702, "a kernel took too long"),
    CONTEXT_IS_DESTROYED(709, "the context was destroyed"),
    HOST_MEMORY_ALREADY_REGISTERED(712, "the host memory is registered already"),
    HOST_MEMORY_NOT_REGISTERED(713, "the host memory is not registered"),
    ILLEGAL_INSTRUCTION(715, "a kernel met an instruction that it may not execute"),
    MISALIGNED_ADDRESS(716, "a kernel accessed memory at an address that its type does not allow"),
    LAUNCH_FAILED(719, "a kernel failed"),
    COOPERATIVE_LAUNCH_TOO_LARGE(720, "the blocks of a cooperative launch do not all fit on the device at once"),
    NOT_PERMITTED(800, "the call is not permitted"),
    NOT_SUPPORTED(801, "the call, or this use of it, is not supported"),
    STREAM_CAPTURE_UNSUPPORTED(900, "the call is not permitted while a stream is being captured"),
    STREAM_CAPTURE_INVALIDATED(901, "an earlier error invalidated the capture"),
    STREAM_CAPTURE_MERGE(902, "the call would merge two captures"),
    STREAM_CAPTURE_UNMATCHED(903, "the capture was not begun on this stream"),
    STREAM_CAPTURE_UNJOINED(904, "a stream that joined the capture was not joined back to where it began"),
    STREAM_CAPTURE_ISOLATION(905, "the call would make captured work depend on work outside of the capture"),
    STREAM_CAPTURE_IMPLICIT(906, "the call would make captured work depend on the legacy stream"),
    CAPTURED_EVENT(907, "the event was last recorded in a capture"),
    STREAM_CAPTURE_WRONG_THREAD(908, "another thread began the capture"),
    GRAPH_EXEC_UPDATE_FAILURE(910, "the graph does not match the instantiated one"),
    UNKNOWN(999, "an error inside the driver");

    private static final Map<Integer, Result> BY_CODE =
            Arrays.stream(values()).collect(Collectors.toUnmodifiableMap(Result::code, Function.identity()));

    private final int code;
    private final String text;

    Result(int code, String text) {
        this.code = code;
        this.text = text;
    }

    static Optional<Result> of(int code) {
        return Optional.ofNullable(BY_CODE.get(code));
    }

    int code() {
        return code;
    }

    /** As in {@code cuda.h}. */
    String cudaName() {
        return this == SUCCESS ? "CUDA_SUCCESS" : "CUDA_ERROR_" + name();
    }

    String text() {
        return text;
    }
}
