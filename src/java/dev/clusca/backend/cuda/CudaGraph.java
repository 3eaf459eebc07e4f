package dev.clusca.backend.cuda;

import dev.clusca.backend.cuda.driver.CudaCapability;
import dev.clusca.backend.cuda.driver.CudaDriver;
import dev.clusca.backend.cuda.driver.CudaException;
import java.util.Arrays;

/** Work that was captured from a stream once and can be launched again and again at the cost of one call. Arguments are those of the capture until a node is updated. */
public final class CudaGraph implements AutoCloseable {
    private final CudaContext context;
    private final CudaDriver driver;

    /** The captured graph, whose nodes name those of the instance. */
    private final long template;

    private final long instance;
    private final Resource resource = new Resource("a CUDA graph");

    private CudaGraph(CudaContext context, long template, long instance) {
        this.context = context;
        this.driver = context.driver();
        this.template = template;
        this.instance = instance;
    }

    /**
     * Captures what the work enqueues on a stream, and makes it ready for launches. Nothing of it runs meanwhile, and it must neither wait nor allocate.
     *
     * @param stream not the legacy default stream; of this thread's current context
     * @throws CudaException if the work does what a capture forbids
     */
    public static CudaGraph capture(CudaStream stream, Runnable work) {
        CudaContext context = stream.context();
        CudaDriver driver = context.driver();
        driver.streamBeginCapture(stream.handle());
        long template;
        try {
            work.run();
        } catch (RuntimeException | Error e) {
            abandon(driver, stream, e);
            throw e;
        }
        template = driver.streamEndCapture(stream.handle());
        try {
            return new CudaGraph(context, template, driver.graphInstantiate(template));
        } catch (RuntimeException e) {
            driver.graphDestroy(template);
            throw e;
        }
    }

    /** Takes the stream out of its capture, so that it can be used on. */
    private static void abandon(CudaDriver driver, CudaStream stream, Throwable cause) {
        try {
            driver.graphDestroy(driver.streamEndCapture(stream.handle()));
        } catch (CudaException e) {
            // The work has spoilt the capture, which the driver reports once more here.
            cause.addSuppressed(e);
        }
    }

    /** Enqueues a launch. */
    public void launch(CudaStream stream) {
        resource.require();
        driver.graphLaunch(instance, stream.handle());
    }

    /** Brings it to the device, so that the first launch costs no more than the others. */
    public void upload(CudaStream stream) {
        resource.require();
        driver.graphUpload(instance, stream.handle());
    }

    /** How many launches of the kernel it holds. */
    public int count(Kernel kernel) {
        return nodes(kernel).length;
    }

    /**
     * Gives one launch of a kernel other dimensions and the arguments that were set last; later launches of the graph have them.
     *
     * @param index counts the launches of this kernel from 0, in the driver's order, which is that of the capture where work was captured from one stream
     */
    public void update(
            Kernel kernel, int index, int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ, int shared) {
        long[] nodes = nodes(kernel);
        if (index < 0 || index >= nodes.length) {
            throw new IllegalArgumentException("the graph launches " + kernel + " " + nodes.length + " times; index "
                    + index + " is not among them, counted from 0");
        }
        kernel.update(instance, nodes[index], gridX, gridY, gridZ, blockX, blockY, blockZ, shared);
    }

    /** The functions that it launches, in the driver's order; none where the driver cannot tell. */
    long[] functions() {
        resource.require();
        if (!context.offers(CudaCapability.KERNEL_NODE_UPDATE)) {
            return new long[0];
        }
        CudaDriver able = context.driver(CudaCapability.KERNEL_NODE_UPDATE);
        return Arrays.stream(able.graphKernelNodes(template))
                .map(able::graphNodeFunction)
                .toArray();
    }

    private long[] nodes(Kernel kernel) {
        resource.require();
        CudaDriver able = context.driver(CudaCapability.KERNEL_NODE_UPDATE);
        return Arrays.stream(able.graphKernelNodes(template))
                .filter(node -> able.graphNodeFunction(node) == kernel.function())
                .toArray();
    }

    /** Destroys it; a launch that runs is not disturbed. Closing again does nothing. */
    @Override
    public void close() {
        if (resource.close()) {
            context.free(() -> driver.graphExecDestroy(instance));
            context.free(() -> driver.graphDestroy(template));
        }
    }
}
