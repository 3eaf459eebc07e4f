package dev.clusca.bindings.dnn;

import dev.clusca.bindings.CudnnLibrary;
import dev.clusca.bindings.cudnn.Cudnn;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Operations on tensors, which cuDNN computes as one: a builder, then the maker of a plan. */
public final class CudnnGraph implements AutoCloseable {
    private static final int MOST_NOTES = 32;

    private final String purpose;
    private final Deque<Descriptor> owned = new ArrayDeque<>();
    private final List<Descriptor> operations = new ArrayList<>();
    private final Map<CudnnTensor, Descriptor> tensors = new HashMap<>();

    /**
     * @param purpose for messages, as in {@code "a convolution"}
     * @throws dev.clusca.bindings.NativeUnavailableException if cuDNN cannot be loaded
     */
    public CudnnGraph(String purpose) {
        CudnnLibrary.gate().ensureAvailable();
        this.purpose = purpose;
    }

    /** {@code y = x * filter}, a convolution (a correlation, as networks have it) of stride 1 with so many zeros around the image, summed in F32. */
    public CudnnGraph convolution(CudnnTensor x, CudnnTensor filter, long padding, CudnnTensor y) {
        Descriptor form = made(Cudnn.CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR(), "the form of " + purpose)
                .code(Cudnn.CUDNN_ATTR_CONVOLUTION_COMP_TYPE(), Cudnn.CUDNN_TYPE_DATA_TYPE(), Cudnn.CUDNN_DATA_FLOAT())
                .code(
                        Cudnn.CUDNN_ATTR_CONVOLUTION_CONV_MODE(),
                        Cudnn.CUDNN_TYPE_CONVOLUTION_MODE(),
                        Cudnn.CUDNN_CROSS_CORRELATION())
                .integers(Cudnn.CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS(), 2)
                .integers(Cudnn.CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS(), padding, padding)
                .integers(Cudnn.CUDNN_ATTR_CONVOLUTION_POST_PADDINGS(), padding, padding)
                .integers(Cudnn.CUDNN_ATTR_CONVOLUTION_DILATIONS(), 1, 1)
                .integers(Cudnn.CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES(), 1, 1)
                .seal();
        return operation(made(Cudnn.CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR(), purpose)
                .descriptor(Cudnn.CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X(), tensor(x))
                .descriptor(Cudnn.CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W(), tensor(filter))
                .descriptor(Cudnn.CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y(), tensor(y))
                .descriptor(Cudnn.CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC(), form)
                .number(Cudnn.CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA(), 1)
                .number(Cudnn.CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA(), 0));
    }

    /** {@code sum = a + b} in F32, where an extent of 1 in b repeats. */
    public CudnnGraph add(CudnnTensor a, CudnnTensor b, CudnnTensor sum) {
        Descriptor form = made(Cudnn.CUDNN_BACKEND_POINTWISE_DESCRIPTOR(), "a sum in " + purpose)
                .code(Cudnn.CUDNN_ATTR_POINTWISE_MODE(), Cudnn.CUDNN_TYPE_POINTWISE_MODE(), Cudnn.CUDNN_POINTWISE_ADD())
                .code(Cudnn.CUDNN_ATTR_POINTWISE_MATH_PREC(), Cudnn.CUDNN_TYPE_DATA_TYPE(), Cudnn.CUDNN_DATA_FLOAT())
                .seal();
        return operation(made(Cudnn.CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR(), "a sum in " + purpose)
                .descriptor(Cudnn.CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR(), form)
                .descriptor(Cudnn.CUDNN_ATTR_OPERATION_POINTWISE_XDESC(), tensor(a))
                .descriptor(Cudnn.CUDNN_ATTR_OPERATION_POINTWISE_BDESC(), tensor(b))
                .descriptor(Cudnn.CUDNN_ATTR_OPERATION_POINTWISE_YDESC(), tensor(sum)));
    }

    /**
     * {@code out = softmax(scale q k^T) v} in each head of each row, as cuDNN's own frontend says it since 9.13.1: one operation. All are {@link CudnnTensor#heads}, the scale a constant.
     *
     * @throws dev.clusca.bindings.NativeUnavailableException if this cuDNN is older
     */
    public CudnnGraph attention(CudnnTensor q, CudnnTensor k, CudnnTensor v, CudnnTensor scale, CudnnTensor out) {
        CudnnVersion.require("attention as one operation", AttentionShape.OLDEST);
        return operation(made(Cudnn.CUDNN_BACKEND_OPERATION_SDPA_FWD_DESCRIPTOR(), purpose)
                .descriptor(Cudnn.CUDNN_ATTR_OPERATION_SDPA_FWD_QDESC(), tensor(q))
                .descriptor(Cudnn.CUDNN_ATTR_OPERATION_SDPA_FWD_KDESC(), tensor(k))
                .descriptor(Cudnn.CUDNN_ATTR_OPERATION_SDPA_FWD_VDESC(), tensor(v))
                .descriptor(Cudnn.CUDNN_ATTR_OPERATION_SDPA_FWD_ODESC(), tensor(out))
                .descriptor(Cudnn.CUDNN_ATTR_OPERATION_SDPA_FWD_SCALEDESC(), tensor(scale)));
    }

    /**
     * Has cuDNN choose an engine and make it ready: its best guess first, then its fallbacks, the first that precision allows and that works here. May compile for a second. What the graph is made of
     * becomes the plan's, so that a graph makes one.
     *
     * @param arguments the tensors in memory, in the order in which the plan is given their addresses
     * @throws CudnnException if there is none
     */
    public CudnnPlan plan(CudnnTarget target, CudnnPrecision precision, List<CudnnTensor> arguments) {
        Descriptor graph = made(Cudnn.CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR(), "the graph of " + purpose);
        if (target instanceof CudnnHandle handle) {
            graph.addresses(
                    Cudnn.CUDNN_ATTR_OPERATIONGRAPH_HANDLE(),
                    Cudnn.CUDNN_TYPE_HANDLE(),
                    handle.handle().address());
        }
        graph.descriptors(Cudnn.CUDNN_ATTR_OPERATIONGRAPH_OPS(), operations).seal();

        CudnnException last = null;
        for (int mode : new int[] {Cudnn.CUDNN_HEUR_MODE_A(), Cudnn.CUDNN_HEUR_MODE_FALLBACK()}) {
            List<Descriptor> configurations = configurations(target, graph, mode);
            try {
                for (Descriptor configuration : configurations) {
                    Engine engine = engine(configuration);
                    if (!precision.allows(engine.notes())) {
                        continue;
                    }
                    Descriptor plan = plan(target, configuration);
                    int status = plan.trySeal();
                    if (status == Cudnn.CUDNN_STATUS_SUCCESS()) {
                        configurations.remove(configuration);
                        owned.push(configuration);
                        List<Descriptor> parts = List.copyOf(owned);
                        owned.clear();
                        return new CudnnPlan(purpose, plan, parts, engine.index(), constants(), arguments);
                    }
                    last = CudnnException.of(status, "cudnnBackendFinalize", "a plan of " + purpose);
                    plan.close();
                }
            } finally {
                configurations.forEach(Descriptor::close);
            }
        }
        throw last == null ? CudnnException.noEngine(purpose, precision) : last;
    }

    /** Best first; none where the heuristic does not know the graph. */
    private List<Descriptor> configurations(CudnnTarget target, Descriptor graph, int mode) {
        try (Descriptor heuristic =
                new Descriptor(Cudnn.CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR(), "the choice of an engine for " + purpose)) {
            heuristic
                    .descriptor(Cudnn.CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH(), graph)
                    .code(Cudnn.CUDNN_ATTR_ENGINEHEUR_MODE(), Cudnn.CUDNN_TYPE_HEUR_MODE(), mode);
            if (target instanceof CudnnDevice device) {
                heuristic.descriptor(Cudnn.CUDNN_ATTR_ENGINEHEUR_DEVICEPROP(), device.properties());
            }
            return heuristic
                    .seal()
                    .results(
                            Cudnn.CUDNN_ATTR_ENGINEHEUR_RESULTS(),
                            Cudnn.CUDNN_BACKEND_ENGINECFG_DESCRIPTOR(),
                            "an engine for " + purpose);
        } catch (CudnnException e) {
            if (e.isNotSupported()) {
                return List.of();
            }
            throw e;
        }
    }

    private record Engine(long index, int[] notes) {}

    private Engine engine(Descriptor configuration) {
        try (Descriptor engine =
                new Descriptor(Cudnn.CUDNN_BACKEND_ENGINE_DESCRIPTOR(), "the engine of " + configuration)) {
            configuration.fill(Cudnn.CUDNN_ATTR_ENGINECFG_ENGINE(), engine);
            return new Engine(
                    engine.readIntegers(Cudnn.CUDNN_ATTR_ENGINE_GLOBAL_INDEX(), 1)[0],
                    engine.readCodes(
                            Cudnn.CUDNN_ATTR_ENGINE_NUMERICAL_NOTE(), Cudnn.CUDNN_TYPE_NUMERICAL_NOTE(), MOST_NOTES));
        }
    }

    private Descriptor plan(CudnnTarget target, Descriptor configuration) {
        Descriptor plan = new Descriptor(Cudnn.CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR(), "a plan of " + purpose)
                .descriptor(Cudnn.CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG(), configuration);
        return switch (target) {
            case CudnnHandle handle ->
                plan.addresses(
                        Cudnn.CUDNN_ATTR_EXECUTION_PLAN_HANDLE(),
                        Cudnn.CUDNN_TYPE_HANDLE(),
                        handle.handle().address());
            case CudnnDevice device ->
                plan.descriptor(Cudnn.CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP(), device.properties());
        };
    }

    private Map<Long, Float> constants() {
        Map<Long, Float> constants = new HashMap<>();
        for (CudnnTensor tensor : tensors.keySet()) {
            if (tensor.storage() instanceof CudnnTensor.Storage.Constant(float value)) {
                constants.put(tensor.id(), value);
            }
        }
        return constants;
    }

    private CudnnGraph operation(Descriptor operation) {
        operations.add(operation.seal());
        return this;
    }

    private Descriptor tensor(CudnnTensor tensor) {
        Descriptor known = tensors.get(tensor);
        if (known == null) {
            known = tensor.describe();
            owned.push(known);
            tensors.put(tensor, known);
        }
        return known;
    }

    private Descriptor made(int kind, String what) {
        Descriptor descriptor = new Descriptor(kind, what);
        owned.push(descriptor);
        return descriptor;
    }

    /** A plan that was made of it goes on. */
    @Override
    public void close() {
        owned.forEach(Descriptor::close);
        owned.clear();
    }
}
