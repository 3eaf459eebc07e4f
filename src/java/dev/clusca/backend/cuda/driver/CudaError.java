package dev.clusca.backend.cuda.driver;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The result codes of the CUDA driver that a user of clusca may meet, with their meaning and the likely remedy. Names and numbers are those of {@code cuda.h} with
 * {@code CUDA_ERROR_} before them.
 */
public enum CudaError {
    INVALID_VALUE(
            1,
            "an argument is out of its range",
            "this is a fault in the caller: check addresses, sizes and launch dimensions"),
    OUT_OF_MEMORY(
            2,
            "the device or the host has no memory left for this",
            "sample fewer images at a time, use --dtype bf16, or end other programs on this GPU (nvidia-smi lists them)"),
    NOT_INITIALIZED(
            3,
            "the driver was called before cuInit, or cuInit failed",
            "open the driver through CudaDrivers before any other call"),
    DEINITIALIZED(
            4, "the driver is shutting down with the process", "close contexts and streams before the process ends"),
    STUB_LIBRARY(
            34,
            "the loaded libcuda.so.1 is the toolkit's stub for linking, not a driver",
            "remove the toolkit's stubs folder from LD_LIBRARY_PATH"),
    CALL_REQUIRES_NEWER_DRIVER(36, "the driver is older than the call", "install a newer NVIDIA driver"),
    DEVICE_UNAVAILABLE(
            46,
            "the device is busy or reserved for another process",
            "choose another device, or wait; nvidia-smi shows its compute mode"),
    NO_DEVICE(
            100,
            "the driver sees no CUDA device",
            "check nvidia-smi and CUDA_VISIBLE_DEVICES; in a container, start it with --gpus all"),
    INVALID_DEVICE(
            101,
            "no device has this number",
            "choose a number that nvidia-smi lists, counted after CUDA_VISIBLE_DEVICES"),
    DEVICE_NOT_LICENSED(102, "the virtual GPU has no licence", "ask the administrator for a vGPU licence"),
    INVALID_IMAGE(
            200, "the module is no code that this driver understands", "build the kernels again with kernels/build.sh"),
    INVALID_CONTEXT(
            201,
            "no context is current in this thread, or it was destroyed",
            "enter the context in the thread that makes the call (CudaContext.enter)"),
    NO_BINARY_FOR_GPU(
            209,
            "the module has no code for this GPU",
            "use a GPU of compute capability 8.0 or newer, or build the kernels for this one"),
    ECC_UNCORRECTABLE(
            214, "the device's memory has an uncorrectable error", "reset the GPU; replace it when this comes again"),
    UNSUPPORTED_LIMIT(215, "the device has no such limit", "this is a fault in the caller: leave the limit as it is"),
    INVALID_PTX(
            218,
            "the driver's compiler rejects the PTX",
            "the compiler's log names the line; if the PTX is clusca's own, build it again with kernels/build.sh"),
    NVLINK_UNCORRECTABLE(
            220, "the link between devices failed", "restart the process; have the link checked when this comes again"),
    JIT_COMPILER_NOT_FOUND(
            221,
            "the driver's PTX compiler is missing",
            "install all of the NVIDIA driver, libnvidia-ptxjitcompiler.so.1 included"),
    UNSUPPORTED_PTX_VERSION(
            222, "the PTX is newer than the driver", "install a newer NVIDIA driver, or lower the .version of the PTX"),
    JIT_COMPILATION_DISABLED(223, "compiling PTX is switched off", "unset CUDA_DISABLE_PTX_JIT"),
    CONTAINED(226, "the device had an error that was contained to this process", "restart the process"),
    INVALID_SOURCE(300, "the source of a kernel is not valid", "build the kernels again with kernels/build.sh"),
    FILE_NOT_FOUND(301, "a file was not found", "check the path"),
    SHARED_OBJECT_SYMBOL_NOT_FOUND(
            302,
            "a library of the driver lacks a symbol",
            "install the NVIDIA driver anew: parts of two versions are mixed"),
    SHARED_OBJECT_INIT_FAILED(
            303,
            "a library of the driver did not start",
            "install the NVIDIA driver anew; check the limits on memory and processes"),
    OPERATING_SYSTEM(
            304,
            "a call of the operating system failed",
            "check the permissions of /dev/nvidia* and the limits of this process (ulimit -a)"),
    INVALID_HANDLE(
            400,
            "a stream, event, module or graph does not exist, or belongs to another context",
            "check that it was not closed, and that its context is current"),
    ILLEGAL_STATE(
            401,
            "a resource is not in a state that allows this call",
            "this is a fault in the caller: check the order of the calls"),
    NOT_FOUND(
            500,
            "the module has no function or variable of that name",
            "compare the name with the .entry lines of the PTX; if it is one of clusca's own, build them again with kernels/build.sh"),
    NOT_READY(600, "work is not finished yet", "wait for the stream or event first"),
    ILLEGAL_ADDRESS(
            700,
            "a kernel read or wrote outside allocated memory",
            "the context is lost: restart the process; find the kernel with --emulate or compute-sanitizer"),
    LAUNCH_OUT_OF_RESOURCES(
            701,
            "the launch asks for more registers, threads or shared memory than the device has",
            "launch fewer threads a block, or less shared memory"),
    LAUNCH_TIMEOUT(
            702,
            "a kernel ran longer than a device with a display allows",
            "use a GPU without a display, or smaller work a launch"),
    LAUNCH_INCOMPATIBLE_TEXTURING(
            703,
            "the launch's texturing does not fit the device",
            "this is a fault in the caller: clusca uses no textures"),
    PRIMARY_CONTEXT_ACTIVE(
            708,
            "the primary context is in use and cannot be changed",
            "set its flags before anything uses the device"),
    CONTEXT_IS_DESTROYED(709, "the context was destroyed", "open a new context; the owner of this one closed it"),
    ASSERT(
            710,
            "an assertion in a kernel failed",
            "the context is lost: restart the process; the kernel's message stands on the standard output"),
    HARDWARE_STACK_ERROR(714, "a kernel's stack is corrupt or overflowed", "the context is lost: restart the process"),
    ILLEGAL_INSTRUCTION(
            715,
            "a kernel met an instruction that the device does not know",
            "the context is lost: restart the process; build the kernels again"),
    MISALIGNED_ADDRESS(
            716,
            "a kernel read or wrote at an address that is not aligned to the access",
            "the context is lost: restart the process; pass memory aligned to 16 bytes; find the kernel with --emulate"),
    INVALID_ADDRESS_SPACE(
            717,
            "a kernel used an address in a space that the instruction does not allow",
            "the context is lost: restart the process; find the kernel with --emulate"),
    INVALID_PC(
            718,
            "a kernel jumped outside its code",
            "the context is lost: restart the process; find the kernel with --emulate"),
    LAUNCH_FAILED(
            719,
            "a kernel failed for another reason",
            "the context is lost: restart the process; find the kernel with --emulate or compute-sanitizer"),
    COOPERATIVE_LAUNCH_TOO_LARGE(
            720,
            "a cooperative launch has more blocks than fit on the device at once",
            "launch at most Kernel.residentBlocks blocks"),
    TENSOR_MEMORY_LEAK(
            721,
            "a kernel ended and kept tensor memory, which clusca's kernels do not use",
            "the context is lost: restart the process; find the kernel among those of others in this process"),
    NOT_PERMITTED(800, "the call is not allowed here", "do not call the driver from its own callbacks"),
    NOT_SUPPORTED(
            801,
            "the device or the driver does not support this",
            "use another GPU or a newer driver; under --emulate, only what clusca needs is there"),
    SYSTEM_NOT_READY(
            802,
            "the system is not ready for CUDA",
            "start nvidia-fabricmanager on machines with NVSwitch, then try again"),
    SYSTEM_DRIVER_MISMATCH(
            803,
            "libcuda.so.1 and the kernel module have different versions",
            "restart the machine after the driver was updated; in a container, mount the host's libcuda.so.1"),
    COMPAT_NOT_SUPPORTED_ON_DEVICE(
            804,
            "the compatibility libcuda.so.1 does not work on this GPU",
            "remove the cuda-compat package from LD_LIBRARY_PATH; it works on data-centre GPUs only"),
    STREAM_CAPTURE_UNSUPPORTED(
            900,
            "the call cannot be captured into a graph",
            "do not allocate, free or synchronise while a stream captures"),
    STREAM_CAPTURE_INVALIDATED(
            901,
            "an earlier error ended the capture",
            "look for the first error; do not synchronise while a stream captures"),
    STREAM_CAPTURE_MERGE(902, "two captures would be joined", "let a stream wait only for events of its own capture"),
    STREAM_CAPTURE_UNMATCHED(
            903, "the stream does not belong to this capture", "end the capture on the stream that began it"),
    STREAM_CAPTURE_UNJOINED(
            904,
            "work of another stream was captured and never joined",
            "let the capturing stream wait for an event of each stream that it forked to"),
    STREAM_CAPTURE_ISOLATION(
            905,
            "the captured work would depend on work outside the capture",
            "wait for that work before the capture begins"),
    STREAM_CAPTURE_IMPLICIT(
            906,
            "the call waits for the legacy default stream while a stream captures",
            "use non-blocking streams and no synchronous call during a capture"),
    CAPTURED_EVENT(
            907, "the event was recorded in a capture", "ask and wait only for events recorded outside captures"),
    STREAM_CAPTURE_WRONG_THREAD(
            908, "a capture was ended by another thread than began it", "begin and end a capture in the same thread"),
    TIMEOUT(909, "waiting took too long", "check the device with nvidia-smi"),
    GRAPH_EXEC_UPDATE_FAILURE(
            910, "the graph changed in a way that needs a new instance", "capture and instantiate the graph again"),
    INVALID_CLUSTER_SIZE(
            912,
            "the cluster does not fit the grid or the device",
            "let the grid be a multiple of a cluster of at most 8 blocks"),
    UNKNOWN(999, "the driver does not say", "look into the system log (dmesg) for NVRM messages; restart the process");

    private static final Map<Integer, CudaError> BY_CODE =
            Arrays.stream(values()).collect(Collectors.toUnmodifiableMap(CudaError::code, Function.identity()));
    private static final String PREFIX = "CUDA_ERROR_";

    private final int code;
    private final String meaning;
    private final String remedy;

    CudaError(int code, String meaning, String remedy) {
        this.code = code;
        this.meaning = meaning;
        this.remedy = remedy;
    }

    /** The error with this number in {@code cuda.h}. */
    public static Optional<CudaError> of(int code) {
        return Optional.ofNullable(BY_CODE.get(code));
    }

    /** The error with this full name, as in {@code CUDA_ERROR_INVALID_VALUE}. */
    static Optional<CudaError> named(String name) {
        return Arrays.stream(values())
                .filter(error -> name.equals(PREFIX + error.name()))
                .findFirst();
    }

    public int code() {
        return code;
    }

    /** The name in {@code cuda.h}. */
    public String fullName() {
        return PREFIX + name();
    }

    /** What it means, without a capital or a full stop. */
    public String meaning() {
        return meaning;
    }

    /** What will most likely help, likewise. */
    public String remedy() {
        return remedy;
    }

    /** Whether the context stays unusable after this error, so that only a new process helps. */
    public boolean isSticky() {
        return switch (this) {
            case ILLEGAL_ADDRESS,
                    LAUNCH_TIMEOUT,
                    ASSERT,
                    HARDWARE_STACK_ERROR,
                    ILLEGAL_INSTRUCTION,
                    MISALIGNED_ADDRESS,
                    INVALID_ADDRESS_SPACE,
                    INVALID_PC,
                    LAUNCH_FAILED,
                    TENSOR_MEMORY_LEAK,
                    ECC_UNCORRECTABLE,
                    NVLINK_UNCORRECTABLE,
                    CONTAINED,
                    UNKNOWN -> true;
            default -> false;
        };
    }
}
