"""Makes tflite-tiny/{uint8,int8,float}.tflite and the outputs of TFLite's own interpreter for them (tflite-tiny.json).

    python tflite_tiny.py        (ai-edge-litert, flatbuffers, numpy)

Three networks with seeded random weights, put together with the schema's Python classes. Together they hold every
operator that the reader understands. Scales are chosen so that some values are clipped by the quantised range.
tflite-refused.json: well-formed files (base64) that the reader has to refuse, for what their name says.
"""

import base64
import json
import pathlib

import flatbuffers
import numpy
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

FOLDER = pathlib.Path(__file__).with_name("tflite-tiny")
TYPES = {
    numpy.dtype(numpy.float32): schema.TensorType.FLOAT32,
    numpy.dtype(numpy.float16): schema.TensorType.FLOAT16,
    numpy.dtype(numpy.int32): schema.TensorType.INT32,
    numpy.dtype(numpy.uint8): schema.TensorType.UINT8,
    numpy.dtype(numpy.int8): schema.TensorType.INT8,
}
NONE, RELU, RELU6 = 0, 1, 3
SAME, VALID = 0, 1
# Of each operator's kernel, for those that need another than 2.
VERSIONS = {
    "CONV_2D": 3,
    "DEPTHWISE_CONV_2D": 3,
    "FULLY_CONNECTED": 4,
    "DEQUANTIZE": 3,
    "RESHAPE": 1,
    "LOGISTIC": 1,
}


class Builder:
    def __init__(self, name, seed):
        self.name = name
        self.random = numpy.random.default_rng(seed)
        self.buffers = [schema.BufferT()]
        self.tensors = []
        self.operators = []
        self.codes = []

    def tensor(self, name, shape, dtype, scale=None, zero_point=0, axis=0, data=None):
        tensor = schema.TensorT()
        tensor.name = f"tiny/{name}"
        tensor.shape = list(shape)
        tensor.type = TYPES[numpy.dtype(dtype)]
        tensor.buffer = 0
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = numpy.frombuffer(numpy.ascontiguousarray(data).tobytes(), numpy.uint8)
            self.buffers.append(buffer)
            tensor.buffer = len(self.buffers) - 1
        tensor.quantization = schema.QuantizationParametersT()
        if scale is not None:
            scales = numpy.atleast_1d(numpy.asarray(scale, numpy.float32))
            tensor.quantization.scale = scales
            tensor.quantization.zeroPoint = numpy.full(len(scales), zero_point, numpy.int64)
            tensor.quantization.quantizedDimension = axis
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def constant(self, name, data, **quantisation):
        return self.tensor(name, data.shape, data.dtype, data=data, **quantisation)

    def integers(self, name, values):
        return self.constant(name, numpy.array(values, numpy.int32))

    def operator(self, kind, inputs, output, options=None):
        code = getattr(schema.BuiltinOperator, kind)
        if code not in self.codes:
            self.codes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = self.codes.index(code)
        operator.inputs = inputs
        operator.outputs = [output]
        if options is not None:
            operator.builtinOptions = options
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__[:-1])
        self.operators.append(operator)
        return output

    def options(self, kind, **values):
        options = getattr(schema, f"{kind}OptionsT")()
        for key, value in values.items():
            assert hasattr(options, key), key
            setattr(options, key, value)
        return options

    def conv_options(self, stride, padding, activation):
        return self.options(
            "Conv2D", padding=padding, strideW=stride, strideH=stride, fusedActivationFunction=activation,
            dilationWFactor=1, dilationHFactor=1,
        )  # fmt: skip

    def depthwise_options(self, stride, padding, activation):
        return self.options(
            "DepthwiseConv2D", padding=padding, strideW=stride, strideH=stride, depthMultiplier=1,
            fusedActivationFunction=activation, dilationWFactor=1, dilationHFactor=1,
        )  # fmt: skip

    def pool_options(self, size, stride, padding):
        return self.options(
            "Pool2D", padding=padding, strideW=stride, strideH=stride, filterWidth=size, filterHeight=size,
            fusedActivationFunction=NONE,
        )  # fmt: skip

    def save(self, input_tensor, output_tensor):
        path = FOLDER / f"{self.name}.tflite"
        path.write_bytes(self.pack([input_tensor], [output_tensor]))
        return path

    def pack(self, inputs, outputs):
        graph = schema.SubGraphT()
        graph.tensors = self.tensors
        graph.inputs = inputs
        graph.outputs = outputs
        graph.operators = self.operators
        model = schema.ModelT()
        model.version = 3
        model.description = "tiny"
        model.subgraphs = [graph]
        model.buffers = self.buffers
        model.operatorCodes = []
        for code in self.codes:
            entry = schema.OperatorCodeT()
            entry.deprecatedBuiltinCode = code
            entry.builtinCode = code
            entry.version = VERSIONS.get(
                next(k for k, v in vars(schema.BuiltinOperator).items() if v == code), 2
            )
            model.operatorCodes.append(entry)
        writer = flatbuffers.Builder(4096)
        writer.Finish(model.Pack(writer), file_identifier=b"TFL3")
        return bytes(writer.Output())


def uint8_network():
    b = Builder("uint8", 1)

    def linear(kind, name, source, shape, source_scale, scale, zero_point, out_shape, options, channels):
        weight_scale = 1.6 / 255
        filters = b.constant(
            f"{name}/weights", b.random.integers(0, 256, shape).astype(numpy.uint8), scale=weight_scale, zero_point=120
        )
        bias_scale = source_scale * weight_scale
        biases = (b.random.uniform(-0.5, 0.5, channels) / bias_scale).astype(numpy.int32)
        bias = b.constant(f"{name}/bias", biases, scale=bias_scale)
        output = b.tensor(f"{name}/out;tiny/{name}/fused", out_shape, numpy.uint8, scale, zero_point)
        return b.operator(kind, [source, filters, bias], output, options)

    relu6 = 6 / 255
    picture = b.tensor("input", [1, 9, 9, 3], numpy.uint8, 1 / 128, 128)
    stem = linear("CONV_2D", "stem", picture, (8, 3, 3, 3), 1 / 128, relu6, 0, [1, 5, 5, 8],
                  b.conv_options(2, SAME, RELU6), 8)  # fmt: skip
    depth = linear("DEPTHWISE_CONV_2D", "depth", stem, (1, 3, 3, 8), relu6, relu6, 0, [1, 5, 5, 8],
                   b.depthwise_options(1, SAME, RELU6), 8)  # fmt: skip
    # Values leave -1.5 … 2.5: the range clips.
    project = linear("CONV_2D", "project", depth, (8, 1, 1, 8), relu6, 4 / 255, 96, [1, 5, 5, 8],
                     b.conv_options(1, SAME, NONE), 8)  # fmt: skip
    joined = b.tensor("sum", [1, 5, 5, 8], numpy.uint8, 8 / 255, 64)
    b.operator("ADD", [project, stem], joined, b.options("Add", fusedActivationFunction=NONE))
    largest = b.tensor("largest", [1, 3, 3, 8], numpy.uint8, 8 / 255, 64)
    b.operator("MAX_POOL_2D", [joined], largest, b.pool_options(3, 2, SAME))
    pooled = b.tensor("pooled", [1, 1, 1, 8], numpy.uint8, 8 / 255, 64)
    b.operator("AVERAGE_POOL_2D", [largest], pooled, b.pool_options(3, 1, VALID))
    flat = b.tensor("flat", [1, 8], numpy.uint8, 8 / 255, 64)
    b.operator("RESHAPE", [pooled, b.integers("flat/shape", [1, 8])], flat, b.options("Reshape", newShape=[1, 8]))
    logits = linear("FULLY_CONNECTED", "logits", flat, (6, 8), 8 / 255, 16 / 255, 128, [1, 6],
                    b.options("FullyConnected", fusedActivationFunction=NONE), 6)  # fmt: skip
    output = b.tensor("probabilities", [1, 6], numpy.uint8, 1 / 256, 0)
    b.operator("SOFTMAX", [logits], output, b.options("Softmax", beta=1.0))
    return b.save(picture, output), logits


def int8_network():
    b = Builder("int8", 2)

    def linear(kind, name, source, shape, source_scale, scale, zero_point, out_shape, options, channels):
        axis = 3 if kind == "DEPTHWISE_CONV_2D" else 0
        scales = numpy.float32(b.random.uniform(0.4, 0.9, channels) / 127)
        filters = b.constant(
            f"{name}/weights", b.random.integers(-127, 128, shape).astype(numpy.int8), scale=scales, axis=axis
        )
        bias_scales = numpy.float32(source_scale) * scales
        biases = (b.random.uniform(-0.5, 0.5, channels) / bias_scales).astype(numpy.int32)
        bias = b.constant(f"{name}/bias", biases, scale=bias_scales)
        output = b.tensor(f"{name}/out", out_shape, numpy.int8, scale, zero_point)
        return b.operator(kind, [source, filters, bias], output, options)

    relu6 = 6 / 255
    picture = b.tensor("input", [1, 10, 10, 3], numpy.uint8, 1 / 127.5, 127)
    signed = b.tensor("signed", [1, 10, 10, 3], numpy.int8, 1 / 127.5, -1)
    b.operator("QUANTIZE", [picture], signed)
    padded = b.tensor("padded", [1, 11, 11, 3], numpy.int8, 1 / 127.5, -1)
    b.operator("PAD", [signed, b.integers("pads", [[0, 0], [0, 1], [0, 1], [0, 0]])], padded, b.options("Pad"))
    stem = linear("CONV_2D", "stem", padded, (6, 3, 3, 3), 1 / 127.5, relu6, -128, [1, 5, 5, 6],
                  b.conv_options(2, VALID, RELU6), 6)  # fmt: skip
    expand = linear("CONV_2D", "expand", stem, (12, 1, 1, 6), relu6, relu6, -128, [1, 5, 5, 12],
                    b.conv_options(1, SAME, RELU6), 12)  # fmt: skip
    depth = linear("DEPTHWISE_CONV_2D", "depth", expand, (1, 5, 5, 12), relu6, relu6, -128, [1, 5, 5, 12],
                   b.depthwise_options(1, SAME, RELU6), 12)  # fmt: skip
    # Values leave -1 … 1: the range clips.
    project = linear("CONV_2D", "project", depth, (6, 1, 1, 12), relu6, 2 / 255, 0, [1, 5, 5, 6],
                     b.conv_options(1, SAME, NONE), 6)  # fmt: skip
    joined = b.tensor("sum", [1, 5, 5, 6], numpy.int8, 7 / 255, -128)
    b.operator("ADD", [project, stem], joined, b.options("Add", fusedActivationFunction=RELU))
    strided = linear("CONV_2D", "strided", joined, (9, 1, 1, 6), 7 / 255, 4 / 255, 0, [1, 3, 3, 9],
                     b.conv_options(2, SAME, NONE), 9)  # fmt: skip
    mean = b.tensor("mean", [1, 1, 1, 9], numpy.int8, 2 / 255, 0)
    b.operator("MEAN", [strided, b.integers("axes", [1, 2])], mean, b.options("Reducer", keepDims=True))
    head = linear("CONV_2D", "head", mean, (7, 1, 1, 9), 2 / 255, 10 / 255, 0, [1, 1, 1, 7],
                  b.conv_options(1, SAME, NONE), 7)  # fmt: skip
    squeezed = b.tensor("squeezed", [1, 7], numpy.int8, 10 / 255, 0)
    b.operator("SQUEEZE", [head], squeezed, b.options("Squeeze", squeezeDims=[1, 2]))
    probabilities = b.tensor("probabilities", [1, 7], numpy.int8, 1 / 256, -128)
    b.operator("SOFTMAX", [squeezed], probabilities, b.options("Softmax", beta=1.0))
    output = b.tensor("unsigned", [1, 7], numpy.uint8, 1 / 256, 0)
    b.operator("QUANTIZE", [probabilities], output)
    return b.save(picture, output), squeezed


def float_network():
    b = Builder("float", 3)

    def half(name, shape):
        data = b.random.uniform(-0.4, 0.4, shape).astype(numpy.float16)
        wide = b.tensor(f"{name}/wide", shape, numpy.float32)
        return b.operator("DEQUANTIZE", [b.constant(name, data)], wide)

    picture = b.tensor("input", [1, 7, 7, 3], numpy.float32)
    stem = b.tensor("stem", [1, 4, 4, 5], numpy.float32)
    b.operator("CONV_2D", [picture, half("stem/weights", (5, 3, 3, 3)), half("stem/bias", (5,))], stem,
               b.conv_options(2, SAME, NONE))  # fmt: skip
    clipped = b.tensor("clipped", [1, 4, 4, 5], numpy.float32)
    b.operator("RELU6", [stem], clipped)
    depth = b.tensor("depth", [1, 2, 2, 5], numpy.float32)
    filters = b.constant("depth/weights", b.random.uniform(-0.5, 0.5, (1, 3, 3, 5)).astype(numpy.float32))
    biases = b.constant("depth/bias", b.random.uniform(-0.5, 0.5, 5).astype(numpy.float32))
    b.operator("DEPTHWISE_CONV_2D", [clipped, filters, biases], depth, b.depthwise_options(2, SAME, NONE))
    positive = b.tensor("positive", [1, 2, 2, 5], numpy.float32)
    b.operator("RELU", [depth], positive)
    gate = b.tensor("gate", [1, 2, 2, 5], numpy.float32)
    b.operator("LOGISTIC", [positive], gate)
    flat = b.tensor("flat", [1, 20], numpy.float32)
    b.operator("RESHAPE", [gate, b.integers("flat/shape", [1, 20])], flat, b.options("Reshape", newShape=[1, 20]))
    logits = b.tensor("logits", [1, 4], numpy.float32)
    weights = b.constant("logits/weights", b.random.uniform(-2, 2, (4, 20)).astype(numpy.float32))
    b.operator("FULLY_CONNECTED", [flat, weights, -1], logits, b.options("FullyConnected", fusedActivationFunction=NONE))
    return b.save(picture, logits), logits


def picture_bytes(height, width):
    """Bytes that any language makes alike: integers only."""
    y, x, c = numpy.mgrid[0:height, 0:width, 0:3]
    return ((x * 29 * (c + 2) + y * 31 * (5 - c) + ((x * y) >> 1)) & 255).astype(numpy.uint8)


def record(path, logits):
    interpreter = Interpreter(
        str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )  # fmt: skip
    interpreter.allocate_tensors()
    details = interpreter.get_input_details()[0]
    _, height, width, _ = details["shape"]
    picture = picture_bytes(height, width)[None]
    values = picture if details["dtype"] == numpy.uint8 else (picture.astype(numpy.float32) / 127.5 - 1)
    interpreter.set_tensor(details["index"], values.astype(details["dtype"]))
    interpreter.invoke()

    def real(index):
        detail = next(d for d in interpreter.get_tensor_details() if d["index"] == index)
        scale, zero_point = detail["quantization"]
        stored = interpreter.get_tensor(index).reshape(-1).astype(numpy.float64)
        return [round(float(v), 6) for v in ((stored - zero_point) * scale if scale else stored)]

    return {
        "picture": picture.reshape(-1).tolist(),
        "logits": real(logits),
        "output": real(interpreter.get_output_details()[0]["index"]),
    }


def refused_files():
    """One convolution over a 6 × 6 picture, each time with one thing that the reader does not know or must not trust."""
    files = {}

    def conv(name, source=(1, 6, 6, 3), filters=(4, 3, 3, 3), out=(1, 6, 6, 4), constant=True, more=None, **changes):
        b = Builder(name, 4)
        picture = b.tensor("input", source, numpy.float32)
        data = b.random.uniform(-1, 1, filters).astype(numpy.float32)
        data = changes.pop("data", lambda original: original)(data)
        weights = b.constant("weights", data) if constant else b.tensor("weights", filters, numpy.float32)
        output = b.tensor("output", out, numpy.float32)
        options = b.conv_options(1, SAME, NONE)
        for key, value in changes.items():
            setattr(options, key, value)
        b.operator("CONV_2D", [picture, weights, -1], output, options)
        last = output if more is None else more(b, output)
        files[name] = b.pack([picture], [last])

    def after(kind, shape, options=None, inputs=None):
        def add(b, output):
            operands = [output] if inputs is None else inputs(b, output)
            return b.operator(kind, operands, b.tensor("last", shape, numpy.float32), options and options(b))

        return add

    conv("good")
    conv("batch of two", source=(2, 6, 6, 3), out=(2, 6, 6, 4))
    conv("dilation", dilationHFactor=2, dilationWFactor=2)
    conv("unequal strides", strideH=2, out=(1, 3, 6, 4))
    conv("stride 0", strideH=0, strideW=0)
    conv("window of 3 x 1", filters=(4, 3, 1, 3))
    conv("groups", source=(1, 6, 6, 6))
    conv("computed weights", constant=False)
    conv("activation TANH", fusedActivationFunction=4)
    conv("output of another shape", out=(1, 5, 6, 4))
    conv("picture of 100000 pixels a side", source=(1, 100000, 100000, 3), out=(1, 100000, 100000, 4))
    conv("not a number", data=lambda data: numpy.where(data > 0.9, numpy.float32("nan"), data))
    conv("TANH", more=after("TANH", (1, 6, 6, 4)))
    conv("softmax over pixels", more=after("SOFTMAX", (1, 6, 6, 4), lambda b: b.options("Softmax", beta=1.0)))
    conv("softmax with beta 2", source=(1, 1, 1, 3), filters=(4, 1, 1, 3), out=(1, 1, 1, 4),
         more=after("SOFTMAX", (1, 1, 1, 4), lambda b: b.options("Softmax", beta=2.0)))  # fmt: skip
    conv("small average", more=after("AVERAGE_POOL_2D", (1, 3, 3, 4), lambda b: b.pool_options(2, 2, VALID)))
    conv("transposing reshape", more=after("RESHAPE", (1, 4, 6, 6)))
    conv("mean of channels", more=after("MEAN", (1, 6, 6, 1), lambda b: b.options("Reducer", keepDims=True),
         lambda b, output: [output, b.integers("axes", [3])]))  # fmt: skip
    conv("pad at the end", more=after("PAD", (1, 7, 7, 4), None,
         lambda b, output: [output, b.integers("pads", [[0, 0], [0, 1], [0, 1], [0, 0]])]))  # fmt: skip
    conv("pad of channels", more=after("PAD", (1, 6, 6, 5), None,
         lambda b, output: [output, b.integers("pads", [[0, 0], [0, 0], [0, 0], [0, 1]])]))  # fmt: skip
    conv("sum with a constant", more=after("ADD", (1, 6, 6, 4), lambda b: b.options("Add"),
         lambda b, output: [output, b.constant("other", numpy.ones((1, 6, 6, 4), numpy.float32))]))  # fmt: skip
    conv("its own output", more=after("ADD", (1, 6, 6, 4), lambda b: b.options("Add"),
         lambda b, output: [output, len(b.tensors)]))  # fmt: skip

    def branch(b, output):
        b.operator("RELU", [output], b.tensor("unread", (1, 6, 6, 4), numpy.float32))
        return output

    conv("good, with a branch that nothing reads", more=branch)
    conv("good, features", more=after("RELU", (1, 6, 6, 4)))

    b = Builder("too few bytes", 5)
    picture = b.tensor("input", (1, 6, 6, 3), numpy.float32)
    filters = b.tensor("weights", (4, 3, 3, 3), numpy.float32, data=numpy.ones((4, 3, 3, 2), numpy.float32))
    output = b.tensor("output", (1, 6, 6, 4), numpy.float32)
    b.operator("CONV_2D", [picture, filters, -1], output, b.conv_options(1, SAME, NONE))
    files["too few bytes"] = b.pack([picture], [output])

    b = Builder("custom operator", 5)
    picture = b.tensor("input", (1, 6, 6, 3), numpy.float32)
    output = b.operator("CUSTOM", [picture], b.tensor("output", (1, 6, 6, 3), numpy.float32))
    files["custom operator"] = b.pack([picture], [output])

    b = Builder("two inputs", 6)
    pictures = [b.tensor(f"input{i}", (1, 6, 6, 3), numpy.float32) for i in range(2)]
    output = b.operator("ADD", pictures, b.tensor("output", (1, 6, 6, 3), numpy.float32), b.options("Add"))
    files["two inputs"] = b.pack(pictures, [output])

    b = Builder("no layers", 7)
    picture = b.tensor("input", (1, 6, 6, 3), numpy.float32)
    files["no layers"] = b.pack([picture], [picture])

    b = Builder("depth multiplier", 8)
    picture = b.tensor("input", (1, 6, 6, 3), numpy.float32)
    filters = b.constant("weights", numpy.ones((1, 3, 3, 6), numpy.float32))
    output = b.tensor("output", (1, 6, 6, 6), numpy.float32)
    options = b.depthwise_options(1, SAME, NONE)
    options.depthMultiplier = 2
    b.operator("DEPTHWISE_CONV_2D", [picture, filters, -1], output, options)
    files["depth multiplier"] = b.pack([picture], [output])

    def quantised(name, shape=(4, 3, 3, 3), out_scale=(0.1,), scale=(0.01,), axis=0, bias=None, source_scale=1 / 128):
        b = Builder(name, 9)
        picture = b.tensor("input", (1, 6, 6, 3), numpy.uint8, source_scale, 128)
        filters = b.constant("weights", numpy.ones(shape, numpy.uint8), scale=list(scale), zero_point=1, axis=axis)
        biases = b.constant("bias", numpy.zeros(4 if bias is None else bias, numpy.int32), scale=scale[0] / 128)
        output = b.tensor("output", (1, 6, 6, 4), numpy.uint8, out_scale and list(out_scale), 0)
        b.operator("CONV_2D", [picture, filters, biases], output, b.conv_options(1, SAME, NONE))
        files[name] = b.pack([picture], [output])

    quantised("good, quantised")
    quantised("scale 0", scale=[0.0])
    quantised("scales along the input channels", scale=[0.01, 0.02, 0.03], axis=3)
    quantised("two scales for four channels", scale=[0.01, 0.02])
    quantised("map without a scale", out_scale=None)
    quantised("three biases for four channels", bias=3)
    quantised("infinite scale of the input", source_scale=numpy.inf)

    # Twenty layers over one buffer: as real numbers they would take more than the file could justify.
    b = Builder("shared bytes", 10)
    last = picture = b.tensor("input", (1, 6, 6, 16), numpy.uint8, 1 / 128, 128)
    first = None
    for layer in range(20):
        if first is None:
            first = filters = b.constant("weights", numpy.ones((16, 3, 3, 16), numpy.uint8), scale=0.01)
        else:
            filters = b.tensor(f"weights{layer}", (16, 3, 3, 16), numpy.uint8, 0.01)
            b.tensors[filters].buffer = b.tensors[first].buffer
        output = b.tensor(f"output{layer}", (1, 6, 6, 16), numpy.uint8, 1 / 128, 128)
        last = b.operator("CONV_2D", [last, filters, -1], output, b.conv_options(1, SAME, NONE))
    files["shared bytes"] = b.pack([picture], [last])
    return files


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    results = {path.stem: record(path, logits) for path, logits in (uint8_network(), int8_network(), float_network())}
    lines = ",\n".join(
        f"  {json.dumps(name)}: {{\n"
        + ",\n".join(f"    {json.dumps(key)}: {json.dumps(value)}" for key, value in result.items())
        + "\n  }"
        for name, result in results.items()
    )
    FOLDER.with_suffix(".json").write_text("{\n" + lines + "\n}\n")
    refused = ",\n".join(f"  {json.dumps(name)}: {json.dumps(base64.b64encode(data).decode())}"
                         for name, data in refused_files().items())  # fmt: skip
    FOLDER.with_name("tflite-refused.json").write_text("{\n" + refused + "\n}\n")
