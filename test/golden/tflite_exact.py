"""Stored bytes that TFLite's interpreter gives with its reference kernels: writes tflite-exact.json.

    python tflite_exact.py PATH_OF_REFERENCE        (ai-edge-litert 2.3.0, flatbuffers, numpy)

`tiny`: networks of one or a few integer operators with seeded random weights and awkward scales (base64), and all bytes
of their outputs for three pictures. `files`: for the files of the shared reference data the sha-256 of the output's
bytes and the five largest (index, stored value), for two pictures. Pictures are made by `noise` and `smooth`.
"""

import base64
import hashlib
import json
import pathlib
import sys

import numpy
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from tflite_tiny import NONE, RELU, RELU6, SAME, VALID, Builder

NOISE_SEEDS = [1, 2, 3]
FILES = {
    name: [name]
    for name in [
        "coral_tflite/mobilenet_v1_0.25_128_quant.tflite",
        "coral_tflite/mobilenet_v1_0.5_160_quant.tflite",
        "coral_tflite/mobilenet_v1_0.75_192_quant.tflite",
        "coral_tflite/mobilenet_v2_1.0_224_inat_bird_quant.tflite",
        "coral_tflite/mobilenet_v2_1.0_224_quant.tflite",
        "coral_tflite/tf2_mobilenet_v2_1.0_224_ptq.tflite",
        "hosted_tflite/mobilenet_v1_0_25_224_quant.tflite",
        "hosted_tflite/mobilenet_v1_0_5_128_quant.tflite",
        "hosted_tflite/mobilenet_v1_0_75_224_quant.tflite",
        "hosted_tflite/mobilenet_v2_0_5_96_quant.tflite",
        "hosted_tflite/mobilenet_v2_0_75_160_quant.tflite",
        "hosted_tflite/mobilenet_v2_1_0_160_quant.tflite",
        "hosted_tflite/mobilenet_v3_large_minimalistic_1_0_224_quant.tflite",
    ]
}
FILES["coral_tflite/mobilenet_v1_1.0_224 (extractor, head)"] = [
    "coral_tflite/mobilenet_v1_1.0_224_quant_embedding_extractor.tflite",
    "coral_tflite/tools/mobilenet_quant_v1_224_head_layers.tflite",
]


def noise(count, seed):
    """High bytes of a linear congruential generator."""
    state, out = seed, bytearray()
    for _ in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        out.append(state >> 24)
    return bytes(out)


def smooth(height, width):
    """Three ramps: to the right, downwards, and both."""
    y, x = numpy.mgrid[0:height, 0:width]
    ramps = [x * 255 // max(width - 1, 1), y * 255 // max(height - 1, 1), (x + y) * 255 // max(width + height - 2, 1)]
    return numpy.stack(ramps, axis=2).astype(numpy.uint8).tobytes()


class Chain:
    def __init__(self, models):
        self.parts = []
        for model in models:
            source = {"model_content": model} if isinstance(model, bytes) else {"model_path": str(model)}
            part = Interpreter(**source, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
            part.allocate_tensors()
            self.parts.append(part)
        self.shape = [int(size) for size in self.parts[0].get_input_details()[0]["shape"]]

    def run(self, picture):
        """Bytes to bytes. A float input gets (byte − 100) / 50, a float output gives the bytes of its float32."""
        first = self.parts[0].get_input_details()[0]
        values = numpy.frombuffer(picture, numpy.uint8)
        if first["dtype"] == numpy.float32:
            values = (values.astype(numpy.float32) - 100) / 50
        values = values.reshape(self.shape)
        for part in self.parts:
            details = part.get_input_details()[0]
            part.set_tensor(details["index"], values.view(details["dtype"]))
            part.invoke()
            values = part.get_tensor(part.get_output_details()[0]["index"])
        return values.reshape(-1)


def tiny_networks():
    files = {}

    def keep(b, source, last):
        files[b.name] = b.pack([source], [last])

    def linear(b, kind, source, source_scale, shape, out_shape, scale, zero_point, options, signed=False,
               per_channel=True, weight_scale=0.011, spread=0.5):  # fmt: skip
        axis = 3 if kind == "DEPTHWISE_CONV_2D" else 0
        channels = shape[axis]
        dtype = numpy.int8 if signed else numpy.uint8
        if signed:
            scales = numpy.float32(b.random.uniform(0.2, 1, channels) * weight_scale) if per_channel else weight_scale
            data = b.random.integers(-127, 128, shape).astype(numpy.int8)
            filters = b.constant("weights", data, scale=scales, axis=axis)
        else:
            scales = weight_scale
            data = b.random.integers(0, 256, shape).astype(numpy.uint8)
            filters = b.constant("weights", data, scale=scales, zero_point=131)
        bias_scale = numpy.float32(source_scale) * numpy.float32(scales)
        values = (b.random.uniform(-spread, spread, channels) / bias_scale).astype(numpy.int32)
        bias = b.constant("bias", values, scale=bias_scale)
        output = b.tensor("output", out_shape, dtype, scale, zero_point)
        return b.operator(kind, [source, filters, bias], output, options)

    def one(name, seed, shape, scale, zero_point, dtype=numpy.uint8):
        b = Builder(name, seed)
        return b, b.tensor("input", shape, dtype, scale, zero_point)

    # Convolutions: window, stride, padding, tails of 8 channels and 4 pixels, activations.
    cases = [
        ("3x3 s2 same relu6", (1, 9, 7, 3), 3, 13, 2, SAME, RELU6, (1, 5, 4), 6 / 255, 0),
        ("1x1", (1, 3, 3, 11), 1, 17, 1, SAME, NONE, (1, 3, 3), 0.031, 117),
        ("1x1 s2 relu", (1, 5, 5, 8), 1, 8, 2, SAME, RELU, (1, 3, 3), 0.023, 40),
        ("5x5 valid", (1, 7, 6, 2), 5, 4, 1, VALID, NONE, (1, 3, 2), 0.05, 128),
        ("1x1 on one pixel", (1, 1, 1, 40), 1, 21, 1, SAME, NONE, (1, 1, 1), 0.04, 100),
        ("1x1 enlarged", (1, 4, 4, 8), 1, 8, 1, SAME, NONE, (1, 4, 4), 0.00003, 128),
        ("1x1 hardly reduced", (1, 4, 4, 8), 1, 8, 1, SAME, NONE, (1, 4, 4), 0.0002, 90),
    ]
    for seed, (name, shape, size, channels, stride, padding, activation, out, scale, zero) in enumerate(cases):
        for signed in (False, True):
            for per_channel in ((False, True) if signed else (False,)):
                kind = f"{'int8' if signed else 'uint8'}{' per channel' if per_channel else ''}"
                shift = 128 if signed else 0
                b, source = one(f"conv {name} {kind}", seed, shape, 0.0157, 113 - shift,
                                numpy.int8 if signed else numpy.uint8)  # fmt: skip
                keep(b, source, linear(
                    b, "CONV_2D", source, 0.0157, (channels, size, size, shape[3]), (*out, channels), scale, zero - shift,
                    b.conv_options(stride, padding, activation), signed, per_channel,
                ))  # fmt: skip

    cases = [
        ("3x3", (1, 6, 5, 11), 3, 1, SAME, RELU6, (1, 6, 5), 6 / 255, 0),
        ("3x3 s2 odd", (1, 7, 7, 8), 3, 2, SAME, NONE, (1, 4, 4), 0.02, 99),
        ("3x3 s2 even", (1, 8, 8, 16), 3, 2, SAME, NONE, (1, 4, 4), 0.02, 99),
        ("5x5 valid", (1, 6, 6, 3), 5, 1, VALID, RELU, (1, 2, 2), 0.03, 7),
        ("5x5 larger than the map", (1, 3, 2, 9), 5, 1, SAME, NONE, (1, 3, 2), 0.03, 130),
    ]
    for seed, (name, shape, size, stride, padding, activation, out, scale, zero) in enumerate(cases):
        for signed in (False, True):
            shift = 128 if signed else 0
            b, source = one(f"depthwise {name} {'int8' if signed else 'uint8'}", 50 + seed, shape, 0.021, 90 - shift,
                            numpy.int8 if signed else numpy.uint8)  # fmt: skip
            keep(b, source, linear(
                b, "DEPTHWISE_CONV_2D", source, 0.021, (1, size, size, shape[3]), (*out, shape[3]), scale, zero - shift,
                b.depthwise_options(stride, padding, activation), signed, True,
            ))  # fmt: skip

    for signed in (False, True):
        dtype = numpy.int8 if signed else numpy.uint8
        word = "int8" if signed else "uint8"
        shift = 128 if signed else 0

        for per_channel in ((False, True) if signed else (False,)):
            label = f"{word}{' per channel' if per_channel else ''}"
            b, source = one(f"fully connected {label}", 70, (1, 1, 1, 37), 0.019, 77 - shift, dtype)
            keep(b, source, linear(b, "FULLY_CONNECTED", source, 0.019, (19, 37), (1, 19), 0.07, 120 - shift,
                                   b.options("FullyConnected", fusedActivationFunction=RELU), signed, per_channel))  # fmt: skip

        b, source = one(f"fully connected over a flattened map {word}", 71, (1, 3, 3, 5), 0.019, 77 - shift, dtype)
        flat = b.tensor("flat", (1, 45), dtype, 0.019, 77 - shift)
        b.operator("RESHAPE", [source, b.integers("shape", [1, 45])], flat, b.options("Reshape", newShape=[1, 45]))
        keep(b, source, linear(b, "FULLY_CONNECTED", flat, 0.019, (10, 45), (1, 10), 0.09, 120 - shift,
                               b.options("FullyConnected", fusedActivationFunction=NONE), signed, False))  # fmt: skip

        # The second term is the first by another scale.
        for seed, (activation, first, second, out) in enumerate([
            (NONE, (0.31, 120), (0.17, 60), (0.43, 133)),
            (RELU, (0.02, 12), (0.05, 200), (0.033, 40)),
            (RELU6, (0.02, 12), (0.07, 200), (6 / 255, 0)),
            (NONE, (0.9, 250), (0.0011, 3), (0.2, 128)),
        ]):  # fmt: skip
            b, source = one(f"add {seed} {word}", seed, (1, 5, 5, 13), first[0], first[1] - shift, dtype)
            other = b.tensor("other", (1, 5, 5, 13), dtype, second[0], second[1] - shift)
            b.operator("QUANTIZE", [source], other)
            total = b.tensor("sum", (1, 5, 5, 13), dtype, out[0], out[1] - shift)
            b.operator("ADD", [other, source], total, b.options("Add", fusedActivationFunction=activation))
            keep(b, source, total)

        for name, size, stride, padding, out, kind in [
            ("average 7x7", 7, 1, VALID, (1, 1, 1, 9), "AVERAGE_POOL_2D"),
            ("average 3x3 s2 same", 3, 2, SAME, (1, 4, 4, 9), "AVERAGE_POOL_2D"),
            ("average 2x2 s2", 2, 2, VALID, (1, 3, 3, 9), "AVERAGE_POOL_2D"),
            ("maximum 3x3 s2 same", 3, 2, SAME, (1, 4, 4, 9), "MAX_POOL_2D"),
        ]:
            b, source = one(f"{name} {word}", 5, (1, 7, 7, 9), 0.03, 140 - shift, dtype)
            pooled = b.tensor("pooled", out, dtype, 0.03, 140 - shift)
            options = b.pool_options(size, stride, padding)
            options.fusedActivationFunction = RELU if "same" in name else NONE
            b.operator(kind, [source], pooled, options)
            keep(b, source, pooled)

        for seed, (scale, zero, size) in enumerate([(0.019, 20, 7), (0.03, 200, 5), (0.0021, 128, 3), (0.5, 1, 1)]):
            b, source = one(f"mean {seed} {word}", seed, (1, size, size, 23), 0.0235, 129 - shift, dtype)
            mean = b.tensor("mean", (1, 1, 1, 23), dtype, scale, zero - shift)
            b.operator("MEAN", [source, b.integers("axes", [1, 2])], mean, b.options("Reducer", keepDims=True))
            keep(b, source, mean)

        for kind, out in [("RELU", (0.04, 50)), ("RELU6", (0.04, 50)), ("RELU", (0.013, 0)), ("RELU6", (0.11, 3))]:
            b, source = one(f"{kind} to {out[0]} {word}", 5, (1, 4, 4, 9), 0.055, 120 - shift, dtype)
            last = b.tensor("output", (1, 4, 4, 9), dtype, out[0], out[1] - shift)
            b.operator(kind, [source], last)
            keep(b, source, last)

        # In single precision 0.25 / 0.1 is 2.5, in double precision less: odd values tell the two apart.
        for kind in ("RELU", "QUANTIZE"):
            b, source = one(f"{kind} by 2.5 {word}", 8, (1, 4, 4, 9), 0.25, 90 - shift, dtype)
            last = b.tensor("output", (1, 4, 4, 9), dtype, 0.1, 3 - shift)
            b.operator(kind, [source], last)
            keep(b, source, last)

        for scale in (0.05, 0.13, 1.0, 0.0007, 0.3, 11.0):
            b, source = one(f"softmax of scale {scale} {word}", 6, (1, 41), scale, 96 - shift, dtype)
            last = b.tensor("output", (1, 41), dtype, 1 / 256, -shift)
            b.operator("SOFTMAX", [source], last, b.options("Softmax", beta=1.0))
            keep(b, source, last)

        for scale, zero in [(0.02, 10), (0.1, 200), (0.0555, 128), (1.7, 3)]:
            for to in (numpy.uint8, numpy.int8):
                b, source = one(f"quantize {word} to {numpy.dtype(to).name} of {scale}", 7, (1, 9, 9, 3), 0.037, 33 - shift,
                                dtype)  # fmt: skip
                last = b.tensor("output", (1, 9, 9, 3), to, scale, zero - (128 if to == numpy.int8 else 0))
                b.operator("QUANTIZE", [source], last)
                keep(b, source, last)

    b, source = one("pad before a convolution int8", 80, (1, 6, 6, 3), 0.0157, -15, numpy.int8)
    padded = b.tensor("padded", (1, 7, 7, 3), numpy.int8, 0.0157, -15)
    b.operator("PAD", [source, b.integers("pads", [[0, 0], [0, 1], [0, 1], [0, 0]])], padded, b.options("Pad"))
    keep(b, source, linear(b, "CONV_2D", padded, 0.0157, (9, 3, 3, 3), (1, 3, 3, 9), 0.02, -128,
                           b.conv_options(2, VALID, RELU), True))  # fmt: skip

    b, source = Builder("floats outside", 81), None
    source = b.tensor("input", (1, 5, 5, 3), numpy.float32)
    stored = b.tensor("stored", (1, 5, 5, 3), numpy.int8, 0.019, -11)
    b.operator("QUANTIZE", [source], stored)
    last = linear(b, "CONV_2D", stored, 0.019, (9, 3, 3, 3), (1, 5, 5, 9), 0.037, 5, b.conv_options(1, SAME, NONE), True)
    real = b.tensor("real", (1, 5, 5, 9), numpy.float32)
    b.operator("DEQUANTIZE", [last], real)
    keep(b, source, real)
    return files


def tiny_record(data):
    chain = Chain([data])
    count = int(numpy.prod(chain.shape))
    outputs = [chain.run(noise(count, seed)).tobytes() for seed in NOISE_SEEDS]
    return {"file": base64.b64encode(data).decode(), "outputs": [base64.b64encode(out).decode() for out in outputs]}


def file_record(reference, parts):
    chain = Chain([reference / "weights" / part for part in parts])
    _, height, width, channels = chain.shape
    record = {"files": parts}
    for name, picture in [("noise", noise(height * width * channels, 1)), ("smooth", smooth(height, width))]:
        values = chain.run(picture)
        order = numpy.argsort(-values.astype(numpy.int32), kind="stable")[:5]
        top = [[int(index), int(values[index])] for index in order]
        record[name] = {"sha256": hashlib.sha256(values.tobytes()).hexdigest(), "top": top}
    return record


def main():
    reference = pathlib.Path(sys.argv[1])
    tiny = {name: tiny_record(data) for name, data in tiny_networks().items()}
    files = {name: file_record(reference, parts) for name, parts in FILES.items()}
    sections = []
    for key, records in [("tiny", tiny), ("files", files)]:
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(record)}" for name, record in records.items())
        sections.append(f' "{key}": {{\n{lines}\n }}')
    pathlib.Path(__file__).with_name("tflite-exact.json").write_text("{\n" + ",\n".join(sections) + "\n}\n")


main()
