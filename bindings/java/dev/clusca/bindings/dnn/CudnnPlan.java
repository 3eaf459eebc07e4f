package dev.clusca.bindings.dnn;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.clusca.bindings.cudnn.Cudnn;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;

/** A graph made ready for one kind of GPU by one of cuDNN's engines. Running it enqueues and neither waits nor allocates on the device. */
public final class CudnnPlan implements AutoCloseable {
    private final String purpose;
    private final Descriptor plan;
    private final long engine;
    private final long workspaceBytes;
    private final Arena arena = Arena.ofShared();
    /** What the plan was made of. */
    private final List<Descriptor> parts;
    /** Of the arguments, and then of the constants. */
    private final long[] ids;

    private final long[] constants;

    /**
     * @param parts what the plan was made of, which it closes after itself
     * @param constants values by id
     */
    CudnnPlan(
            String purpose,
            Descriptor plan,
            List<Descriptor> parts,
            long engine,
            Map<Long, Float> constants,
            List<CudnnTensor> arguments) {
        this.purpose = purpose;
        this.parts = List.copyOf(parts);
        this.plan = plan;
        this.engine = engine;
        workspaceBytes = plan.readIntegers(Cudnn.CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE(), 1)[0];
        ids = new long[arguments.size() + constants.size()];
        this.constants = new long[constants.size()];
        int count = 0;
        for (CudnnTensor argument : arguments) {
            ids[count++] = argument.id();
        }
        for (Map.Entry<Long, Float> constant : constants.entrySet()) {
            this.constants[count - arguments.size()] =
                    arena.allocateFrom(JAVA_FLOAT, constant.getValue()).address();
            ids[count++] = constant.getKey();
        }
    }

    /** Device memory that it needs while it runs. */
    public long workspaceBytes() {
        return workspaceBytes;
    }

    /** cuDNN's number of the engine that computes; the same number means the same code in one version of cuDNN. */
    public long engine() {
        return engine;
    }

    /**
     * Enqueues it.
     *
     * @param workspace device memory of {@link #workspaceBytes}, or 0 if that is none
     * @param addresses of the arguments, in the order in which the plan was made with them
     */
    public void run(CudnnHandle handle, long workspace, long... addresses) {
        if (addresses.length + constants.length != ids.length) {
            throw new IllegalArgumentException(purpose + " was given " + addresses.length + " addresses; expected "
                    + (ids.length - constants.length));
        }
        long[] all = new long[ids.length];
        System.arraycopy(addresses, 0, all, 0, addresses.length);
        System.arraycopy(constants, 0, all, addresses.length, constants.length);
        try (Descriptor pack =
                new Descriptor(Cudnn.CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR(), "the addresses of " + purpose)) {
            pack.integers(Cudnn.CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS(), ids)
                    .addresses(Cudnn.CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS(), Cudnn.CUDNN_TYPE_VOID_PTR(), all)
                    .addresses(Cudnn.CUDNN_ATTR_VARIANT_PACK_WORKSPACE(), Cudnn.CUDNN_TYPE_VOID_PTR(), workspace)
                    .seal();
            CudnnException.check(
                    Cudnn.cudnnBackendExecute(handle.handle(), plan.handle(), pack.handle()),
                    "cudnnBackendExecute",
                    purpose);
        }
    }

    /** Work that was enqueued must be done. Closing again does nothing. */
    @Override
    public void close() {
        plan.close();
        parts.forEach(Descriptor::close);
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
