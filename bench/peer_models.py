"""One peer and one model, for peers.py: python peer_models.py KIND MODEL; a line of stdin names a batch ("B32/L128"), the answer is a line
of JSON with the milliseconds of a call. KIND: openvino-fp32, openvino-bf16, onnxruntime-fp32, onnxruntime-int8.

The model is a BERT encoder with random weights (token and position embeddings, LayerNorm, L layers of post-LayerNorm attention and
feed-forward with the exact GELU), as bench/support/models.hpp has it. The graphs are written in the fused operators of each peer:
OpenVINO's ScaledDotProductAttention, whose plug-in fuses the rest by itself; ONNX Runtime's Attention, SkipLayerNormalization and BiasGelu,
and in int8 its dynamic quantisation, weights by channel.
"""

import collections
import json
import math
import sys
import tempfile
import time

import numpy

MODELS = {"T": (64, 2, 2), "S": (128, 2, 2), "M": (256, 4, 4), "MiniLM": (384, 6, 12)}  # hidden, layers, heads
VOCABULARY, LONGEST, EPSILON = 1000, 128, 1e-12
# 32 lengths from 24 to 128, mean 76 (bench/support/models.hpp), sorted into four batches of eight.
RAGGED = [24 + i * (LONGEST - 24) // 31 for i in range(32)]
# Largest difference from the reference, of outputs of order 1: sums of 384 and more products in another order; bfloat16 has 8 bits;
# of int8 only a wrong formula is to be found.
BOUNDS = {"fp32": 2e-4, "bf16": 0.2, "int8": 0.6}


def weights(model):
    hidden, layers, _ = MODELS[model]
    rng = numpy.random.default_rng(1)

    def matrix(*shape):
        return (rng.standard_normal(shape) / math.sqrt(shape[0])).astype(numpy.float32)

    def norm():
        return {"gamma": (1 + 0.1 * rng.standard_normal(hidden)).astype(numpy.float32), "beta": (0.1 * rng.standard_normal(hidden)).astype(numpy.float32)}

    def bias(size):
        return (0.02 * rng.standard_normal(size)).astype(numpy.float32)

    return {
        "tokens": rng.standard_normal((VOCABULARY, hidden)).astype(numpy.float32), "positions": matrix(LONGEST, hidden), "norm": norm(),
        "layers": [{"qkv": matrix(hidden, 3 * hidden), "qkv_bias": bias(3 * hidden), "out": matrix(hidden, hidden), "out_bias": bias(hidden),
                    "norm1": norm(), "up": matrix(hidden, 4 * hidden), "up_bias": bias(4 * hidden), "down": matrix(4 * hidden, hidden),
                    "down_bias": bias(hidden), "norm2": norm()} for _ in range(layers)]}


def batches(point):
    """[(ids, lengths)], padded to the longest of a batch."""
    rng = numpy.random.default_rng(3)
    if point == "ragged/L128":
        groups = [RAGGED[i:i + 8] for i in range(0, 32, 8)]
    else:
        size, length = (int(part[1:]) for part in point.split("/"))
        groups = [[length] * size]
    made = []
    for lengths in groups:
        ids = numpy.zeros((len(lengths), max(lengths)), numpy.int64)
        for i, length in enumerate(lengths):
            ids[i, :length] = rng.integers(5, VOCABULARY, length)
        made.append((ids, numpy.array(lengths, numpy.int64)))
    return made


def reference(w, heads, ids, lengths):
    """In double precision."""
    def layer_norm(x, norm):
        x = x - x.mean(-1, keepdims=True)
        return x / numpy.sqrt((x * x).mean(-1, keepdims=True) + EPSILON) * norm["gamma"] + norm["beta"]

    erf = numpy.vectorize(math.erf)
    x = layer_norm(w["tokens"][ids].astype(float) + w["positions"][:ids.shape[1]], w["norm"])
    batch, length, hidden = x.shape
    mask = numpy.where(numpy.arange(length)[None, :] < lengths[:, None], 0.0, -1e9)[:, None, None, :]
    for layer in w["layers"]:
        q, k, v = (part.reshape(batch, length, heads, -1).transpose(0, 2, 1, 3) for part in numpy.split(x @ layer["qkv"] + layer["qkv_bias"], 3, -1))
        scores = q @ k.transpose(0, 1, 3, 2) / math.sqrt(hidden // heads) + mask
        scores = numpy.exp(scores - scores.max(-1, keepdims=True))
        context = (scores / scores.sum(-1, keepdims=True) @ v).transpose(0, 2, 1, 3).reshape(batch, length, hidden)
        x = layer_norm(context @ layer["out"] + layer["out_bias"] + x, layer["norm1"])
        up = x @ layer["up"] + layer["up_bias"]
        x = layer_norm((0.5 * up * (1 + erf(up / math.sqrt(2)))) @ layer["down"] + layer["down_bias"] + x, layer["norm2"])
    return x


class OpenVino:
    def __init__(self, w, heads, precision):
        import openvino
        self.core, self.w, self.heads = openvino.Core(), w, heads
        self.config = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False,
                       "INFERENCE_PRECISION_HINT": {"fp32": "f32", "bf16": "bf16"}[precision]}

    def graph(self, batch, length):
        import openvino
        from openvino import opset13 as op
        hidden = self.w["tokens"].shape[1]
        ids = op.parameter([batch, length], numpy.int64, "ids")
        mask = op.parameter([batch, 1, 1, length], numpy.float32, "mask")

        def dense(x, matrix, bias):
            return op.add(op.matmul(x, op.constant(matrix), False, False), op.constant(bias))

        def norm(x, n):
            return op.add(op.multiply(op.mvn(x, op.constant([-1]), True, EPSILON, "inside_sqrt"), op.constant(n["gamma"])), op.constant(n["beta"]))

        def split(x):
            return op.transpose(op.reshape(x, op.constant([batch, length, self.heads, hidden // self.heads]), False), op.constant([0, 2, 1, 3]))

        x = op.add(op.gather(op.constant(self.w["tokens"]), ids, op.constant(0)), op.constant(self.w["positions"][:length]))
        x = norm(x, self.w["norm"])
        for layer in self.w["layers"]:
            parts = [split(dense(x, layer["qkv"][:, i * hidden:(i + 1) * hidden].copy(), layer["qkv_bias"][i * hidden:(i + 1) * hidden].copy())) for i in range(3)]
            context = op.transpose(op.scaled_dot_product_attention(*parts, mask), op.constant([0, 2, 1, 3]))
            context = op.reshape(context, op.constant([batch, length, hidden]), False)
            x = norm(op.add(dense(context, layer["out"], layer["out_bias"]), x), layer["norm1"])
            up = op.gelu(dense(x, layer["up"], layer["up_bias"]), "erf")
            x = norm(op.add(dense(up, layer["down"], layer["down_bias"]), x), layer["norm2"])
        return openvino.Model([x], [ids, mask])

    def prepare(self, ids, lengths):
        compiled = self.core.compile_model(self.graph(*ids.shape), "CPU", self.config)
        mask = numpy.where(numpy.arange(ids.shape[1])[None, :] < lengths[:, None], 0, -1e9).astype(numpy.float32)[:, None, None, :]
        request = compiled.create_infer_request()
        import openvino
        tensors = [openvino.Tensor(ids), openvino.Tensor(numpy.ascontiguousarray(mask))]
        for i, tensor in enumerate(tensors):
            request.set_input_tensor(i, tensor)

        def call():
            request.infer()

        call.result = lambda: request.get_output_tensor(0).data
        call.kept = tensors
        return call


class OnnxRuntime:
    def __init__(self, w, heads, precision):
        import onnxruntime
        path = tempfile.NamedTemporaryFile(suffix=".onnx")
        self.write(w, heads, path.name)
        if precision == "int8":
            from onnxruntime.quantization import QuantType, quantize_dynamic
            quantised = tempfile.NamedTemporaryFile(suffix=".onnx")
            quantize_dynamic(path.name, quantised.name, per_channel=True, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Attention"],
                             extra_options={"MatMulConstBOnly": True, "DefaultTensorType": 1})  # TensorProto.FLOAT
            path = quantised
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.ort = onnxruntime
        self.session = onnxruntime.InferenceSession(path.name, options, providers=["CPUExecutionProvider"])
        self.hidden = w["tokens"].shape[1]

    @staticmethod
    def write(w, heads, path):
        import onnx
        from onnx import TensorProto, helper, numpy_helper
        nodes, constants = [], []

        def constant(name, value):
            constants.append(numpy_helper.from_array(value, name))
            return name

        def node(kind, inputs, output, **attributes):
            nodes.append(helper.make_node(kind, inputs, [output], **attributes))
            return output

        own = {"domain": "com.microsoft"}
        x = node("Gather", [constant("tokens", w["tokens"]), "ids"], "embedded")
        place = node("Slice", [constant("positions", w["positions"]), constant("zero", numpy.array([0], numpy.int64)), "length"], "placed")
        x = node("Add", [x, place], "summed")
        x = node("LayerNormalization", [x, constant("gamma", w["norm"]["gamma"]), constant("beta", w["norm"]["beta"])], "normed", epsilon=EPSILON)
        for i, layer in enumerate(w["layers"]):
            def of(name, value=None):
                return constant(f"{name}{i}", layer[name] if value is None else value)

            def dense(inputs, matrix, name):
                return node("MatMul", [inputs, of(matrix)], f"{name}{i}")

            def skip(inputs, residual, bias, norm):
                return node("SkipLayerNormalization", [inputs, residual, of(norm + "_gamma", layer[norm]["gamma"]), of(norm + "_beta", layer[norm]["beta"]), of(bias)],
                            f"{norm}_{i}", epsilon=EPSILON, **own)

            context = node("Attention", [x, of("qkv"), of("qkv_bias"), "lengths"], f"context{i}", num_heads=heads, **own)
            x = skip(dense(context, "out", "attended"), x, "out_bias", "norm1")
            up = node("BiasGelu", [dense(x, "up", "widened"), of("up_bias")], f"activated{i}", **own)
            x = skip(dense(up, "down", "narrowed"), x, "down_bias", "norm2")
        nodes.append(helper.make_node("Identity", [x], ["hidden_states"]))
        graph = helper.make_graph(nodes, "bert", [helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "length"]),
                                                  helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"]),
                                                  helper.make_tensor_value_info("length", TensorProto.INT64, [1])],
                                  [helper.make_tensor_value_info("hidden_states", TensorProto.FLOAT, ["batch", "length", "hidden"])], constants)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)], ir_version=9), path)

    def prepare(self, ids, lengths):
        binding = self.session.io_binding()
        for name, value in (("ids", ids), ("lengths", lengths.astype(numpy.int32)), ("length", numpy.array([ids.shape[1]], numpy.int64))):
            binding.bind_ortvalue_input(name, self.ort.OrtValue.ortvalue_from_numpy(value))
        output = self.ort.OrtValue.ortvalue_from_shape_and_type([*ids.shape, self.hidden], numpy.float32)
        binding.bind_ortvalue_output("hidden_states", output)

        def call():
            self.session.run_with_iobinding(binding)

        call.result = output.numpy
        return call


def main(kind, model):
    peer, precision = kind.split("-")
    heads = MODELS[model][2]
    w = weights(model)
    runtime = {"openvino": OpenVino, "onnxruntime": OnnxRuntime}[peer](w, heads, precision)
    small = numpy.random.default_rng(5).integers(5, VOCABULARY, (2, 12)), numpy.array([12, 9], numpy.int64)
    call = runtime.prepare(*small)
    call()
    expected, found = reference(w, heads, *small), call.result()
    worst = max(float(numpy.abs(expected[i, :n] - found[i, :n]).max()) for i, n in enumerate(small[1]))
    if not worst <= BOUNDS[precision]:
        sys.exit(f"{kind}, {model}: outputs differ by {worst:.2g} from the reference, {BOUNDS[precision]} are allowed")
    prepared = collections.OrderedDict()
    for line in sys.stdin:
        point = line.strip()
        if point == "ready":
            print(json.dumps({"worst": worst}), flush=True)
            continue
        if point not in prepared:
            prepared[point] = [runtime.prepare(*batch) for batch in batches(point)]
            for call in prepared[point]:
                call()
        calls, start = 0, time.process_time()
        while time.process_time() - start < 0.3:
            for call in prepared[point]:
                call()
            calls += 1
        print(json.dumps({"ms": 1e3 * (time.process_time() - start) / calls}), flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
