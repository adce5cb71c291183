"""Writes onnx-operators/*.onnx and onnx-operators.json: small graphs with seeded random weights for the operators that
people's networks have, as torch.onnx (both exporters), onnx.helper and onnxruntime's quantiser write them, with what
onnxruntime gives for two pictures.

Picture p of height × width × channels has (h × width + w) × channels + c = i: sin(i × 12.9898 + p × 78.233) × 43758.5453,
of which the fraction is taken (0 … 1), in single precision at the end; `scale` in the JSON multiplies it, 1 by default.

    pip install torch onnx onnxruntime onnxscript
    python test/golden/onnx_operators.py
"""

import json
import logging
import os
import sys
import tempfile
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from torch import nn

logging.disable(logging.WARNING)
warnings.filterwarnings("ignore")
onnxruntime.set_default_logger_severity(3)
here = os.path.dirname(os.path.abspath(__file__))
folder = os.environ.get("OUT", os.path.join(here, "onnx-operators"))
os.makedirs(folder, exist_ok=True)
rng = np.random.default_rng(7)
golden = {}
SIDE = 12


def picture(index, height, width, channels):
    i = np.arange(height * width * channels, dtype=np.float64)
    value = np.sin(i * 12.9898 + index * 78.233) * 43758.5453
    return (value - np.floor(value)).astype(np.float32).reshape(height, width, channels)


def record(name, model, scale=1, tolerance=1e-5, output=None, resolution=None, reference=None):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(reference or model, options)
    entry = session.get_inputs()[0]
    shape = entry.shape
    is_hwc = shape[-1] in (1, 3)
    channels = shape[-1] if is_hwc else shape[1]
    side = resolution or (shape[1] if is_hwc else shape[2])
    if not isinstance(channels, int):
        channels = 3
    outputs = []
    for index in range(2):
        x = picture(index, side, side, channels) * np.float32(scale)
        if entry.type == "tensor(uint8)":
            x = np.floor(x).astype(np.uint8)
        fed = x[None] if is_hwc else x.transpose(2, 0, 1)[None]
        names = [output] if output else [session.get_outputs()[0].name]
        outputs.append([float(f"{v:.7g}") for v in session.run(names, {entry.name: fed})[0].ravel()])
    golden[name] = {"resolution": side, "channels": channels, "scale": scale, "tolerance": tolerance, "outputs": outputs}


def seeded(module):
    for name, value in module.state_dict().items():
        if name.endswith("running_var"):
            value.copy_(torch.from_numpy(rng.uniform(0.3, 1.5, value.shape)))
        elif value.dim() > 1:
            fan = value[0].numel()
            value.copy_(torch.from_numpy(rng.normal(0, 1.6 / np.sqrt(fan), value.shape)))
        elif value.dim() == 1:
            value.copy_(torch.from_numpy(rng.normal(0.2, 0.3, value.shape)))
    return module.eval()


def strip(path):
    model = onnx.load(path)
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    del model.graph.value_info[:]
    for item in [*model.graph.node, *model.graph.input, *model.graph.output]:
        del item.metadata_props[:]
        item.doc_string = ""
    onnx.save(model, path)


def export(name, module, opsets=(), dynamo=(), channels=3, dynamic=False, keep=True, **facts):
    """One file for each operator set; `dynamo` lists those of the newer exporter."""
    module = seeded(module)
    example = torch.zeros(1, channels, SIDE, SIDE)
    for opset in opsets:
        path = os.path.join(folder, f"{name}-{opset}.onnx")
        axes = {"x": {0: "batch", 2: "height", 3: "width"}} if dynamic else {"x": {0: "batch"}}
        torch.onnx.export(module, (example,), path, dynamo=False, opset_version=opset, input_names=["x"], dynamic_axes=axes)
        strip(path)
        record(f"{name}-{opset}", path, resolution=SIDE, **facts)
    for opset in dynamo:
        path = os.path.join(folder, f"{name}-dynamo-{opset}.onnx")
        torch.onnx.export(module, (example,), path, dynamo=True, opset_version=opset, input_names=["x"], verbose=False, external_data=False)
        strip(path)
        record(f"{name}-dynamo-{opset}", path, resolution=SIDE, **facts)


def conv(a, b, k=3, **options):
    return nn.Conv2d(a, b, k, padding=options.pop("padding", k // 2), **options)


class Activations(nn.Module):
    """Every activation behind a convolution of its own, one after the other, with a link around each."""

    def __init__(self, kinds):
        super().__init__()
        self.stem = conv(3, 4, stride=2)
        self.convs = nn.ModuleList([conv(4, 4, 1) for _ in kinds])
        self.kinds = nn.ModuleList(kinds)
        self.head = nn.Linear(4, 5)

    def forward(self, x):
        x = self.stem(x)
        for one, act in zip(self.convs, self.kinds):
            x = x * 0.6 + act(one(x))
        return self.head(x.mean((2, 3)))


class Windows(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 6, (3, 5), stride=(1, 2), padding=(1, 2))
        self.b = nn.Conv2d(6, 6, 3, padding=2, dilation=2, groups=3)
        self.c = nn.Conv2d(6, 12, 3, padding=(2, 1), dilation=(2, 1), groups=6)
        self.norm = nn.BatchNorm2d(12)
        self.d = nn.Conv2d(12, 8, (1, 3), padding=(0, 1), bias=False)
        self.e = nn.Conv2d(8, 8, 2, groups=4)
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        x = torch.relu(self.b(self.a(x)))
        x = self.d(self.norm(torch.relu(self.c(x))))
        return self.head(torch.flatten(F.adaptive_avg_pool2d(self.e(x), 1), 1))


class Pools(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = conv(3, 6)
        self.b = nn.Conv2d(6, 5, 1)
        self.norm = nn.BatchNorm1d(5 * 9)
        self.fc = nn.Linear(5 * 9, 7)
        self.head = nn.Linear(7, 4)

    def forward(self, x):
        x = self.a(x)
        y = F.avg_pool2d(x, 3, 2, 1)
        z = F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
        w = F.max_pool2d(x, (2, 3), 2, (0, 1), ceil_mode=True)[..., :6]
        u = F.avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False)[:, :, :6, :6]
        x = y - z * w + torch.maximum(u, torch.minimum(y, w))
        x = F.avg_pool2d(self.b(x), 2)
        return self.head(torch.relu(self.fc(self.norm(torch.flatten(x, 1)))))


class Joins(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = conv(3, 8)
        self.b = conv(12, 6)
        self.c = conv(6, 4)
        self.gate = nn.Conv2d(6, 1, 1)
        self.head = nn.Conv2d(10, 5, 1)

    def forward(self, x):
        x = torch.relu(self.a(x[:, [2, 1, 0]]))
        p, q, r = torch.split(x, [2, 4, 2], 1)
        y = torch.cat([q, x[:, 4:], p + r, p * r], 1)
        y = self.b(y)[:, :, 1:-1, 2:]
        y = y * torch.sigmoid(self.gate(y))
        z = F.pad(self.c(y), (1, 2, -1, 0), value=0.5)
        z = torch.cat([z, F.pad(y, (1, 2, -1, 0))], 1)
        return self.head(z[:, :, ::2, 1::3]).amax((2, 3))


class Resizes(nn.Module):
    def __init__(self, modes):
        super().__init__()
        self.modes = modes
        self.a = conv(3, 4, stride=2)
        self.b = conv(4 * len(modes), 6)
        self.head = nn.Linear(6, 5)

    def forward(self, x):
        x = self.a(x)
        y = torch.cat([F.interpolate(x, **mode) for mode in self.modes], 1)
        return self.head(torch.relu(self.b(y)).mean(3).mean(2))


class Heads(nn.Module):
    """Means and maxima in the forms that people write, attention over channels."""

    def __init__(self):
        super().__init__()
        self.a = conv(3, 6, stride=2)
        self.down = nn.Linear(6, 3)
        self.up = nn.Linear(3, 6)
        self.head = nn.Linear(18, 4)

    def forward(self, x):
        x = torch.relu(self.a(x))
        b, c = x.shape[:2]
        s = torch.sigmoid(self.up(torch.relu(self.down(F.adaptive_avg_pool2d(x, 1).view(b, c)))))
        x = x * s.view(b, c, 1, 1)
        one = x.view(b, c, -1).mean(-1)
        two = F.adaptive_max_pool2d(x, 1).squeeze(-1).squeeze(-1)
        three = x.sum((2, 3)) * 0.05
        return torch.log_softmax(self.head(torch.cat([one, two, three], 1)), 1)


class Small(nn.Module):
    """A residual block with hard-swish, squeeze and excitation and a concatenation: for the quantisers."""

    def __init__(self):
        super().__init__()
        self.a = conv(3, 8, stride=2)
        self.norm = nn.BatchNorm2d(8)
        self.b = conv(8, 8, groups=8)
        self.down = nn.Conv2d(8, 4, 1)
        self.up = nn.Conv2d(4, 8, 1)
        self.c = nn.Conv2d(8, 8, 1)
        self.head = nn.Linear(16, 5)

    def forward(self, x):
        x = F.hardswish(self.norm(self.a(x)))
        y = F.leaky_relu(self.b(x), 0.1)
        y = y * torch.sigmoid(self.up(torch.relu(self.down(F.adaptive_avg_pool2d(y, 1)))))
        x = torch.cat([x + self.c(y), F.avg_pool2d(y, 3, 1, 1)], 1)
        return self.head(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


def from_torch():
    kinds = [nn.Hardswish(), nn.Hardsigmoid(), nn.LeakyReLU(0.1), nn.PReLU(4), nn.PReLU(), nn.ELU(0.7), nn.SELU(), nn.GELU()]
    more = [nn.GELU("tanh"), nn.Mish(), nn.Softplus(), nn.Softsign(), nn.Tanh(), nn.SiLU(), nn.ReLU6(), nn.Hardtanh(-0.4, 0.7)]
    export("activations", Activations(kinds + more), opsets=(11, 14, 18), dynamo=(20,), tolerance=3e-5)
    export("windows", Windows(), opsets=(9, 17), dynamo=(18,))
    export("pools", Pools(), opsets=(13,), dynamo=(20,))
    export("joins", Joins(), opsets=(13,), dynamo=(18,))
    modes = [
        {"scale_factor": 2, "mode": "nearest"},
        {"size": (12, 12), "mode": "bilinear", "align_corners": True},
        {"size": (12, 12), "mode": "bilinear", "align_corners": False},
    ]
    smaller = [{"size": (4, 5), "mode": "nearest"}, {"size": (4, 5), "mode": "bilinear", "align_corners": False}]
    export("resizes", Resizes(modes), opsets=(11, 16), dynamo=(18,))
    export("shrinks", Resizes(smaller), opsets=(13,))
    export("heads", Heads(), opsets=(12, 17), dynamo=(18,), dynamic=True)
    export("one-channel", nn.Sequential(conv(1, 4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 1)), opsets=(13,), channels=1)


def constant(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def floats(*shape):
    return rng.normal(0, 0.4, shape).astype(np.float32)


def write(name, nodes, constants, opset, shape=(1, 3, SIDE, SIDE), type=TensorProto.FLOAT, outputs=("y",), imports=(), producer="hand", **facts):
    value = helper.make_tensor_value_info
    initializers = [constant(key, array) for key, array in constants.items()]
    graph = helper.make_graph(
        nodes, name, [value("x", type, shape)], [value(out, TensorProto.FLOAT, None) for out in outputs], initializers
    )
    opsets = [helper.make_opsetid("", opset), *imports]
    model = helper.make_model(graph, opset_imports=opsets, producer_name=producer, ir_version=8)
    path = os.path.join(folder, f"{name}.onnx")
    onnx.save(model, path)
    record(name, path, **facts)


def by_hand():
    node = helper.make_node
    head = {"wh": floats(4, 5), "bh": floats(5)}

    def tail(source, axes=True):
        pool = node("GlobalAveragePool", [source], ["pooled"])
        return [pool, node("Flatten", ["pooled"], ["row"]), node("MatMul", ["row", "wh"], ["mm"]), node("Add", ["mm", "bh"], ["y"])]

    # Operator set 7: bounds, scales and pads are attributes.
    write(
        "opset-7",
        [
            node("Pad", ["x"], ["p"], mode="constant", pads=[0, 0, 1, 1, 0, 0, 1, 1], value=0.25),
            node("Conv", ["p", "w"], ["c"], kernel_shape=[3, 3], strides=[2, 2]),
            node("BatchNormalization", ["c", "g", "b", "m", "v"], ["n"], epsilon=1e-3),
            node("Clip", ["n"], ["r"], min=-0.5, max=1.5),
            node("Upsample", ["r"], ["u"], mode="nearest", scales=[1.0, 1.0, 2.0, 2.0]),
            node("Slice", ["u"], ["s"], axes=[2, 3], starts=[1, 0], ends=[-1, 9]),
            node("Dropout", ["s"], ["d"], ratio=0.3),
            *tail("d")[:-2],
            node("Gemm", ["row", "wh", "bh"], ["y"], alpha=0.5, beta=2.0),
        ],
        {"w": floats(4, 3, 3, 3), "g": floats(4) + 1, "b": floats(4), "m": floats(4), "v": floats(4) ** 2 + 0.5, **head},
        7,
    )
    # tf2onnx: bytes of height × width × channels, normalised inside, Transposes around.
    write(
        "tf-bytes",
        [
            node("Cast", ["x"], ["f"], to=TensorProto.FLOAT),
            node("Div", ["f", "d"], ["a"]),
            node("Sub", ["a", "one"], ["s"]),
            node("Transpose", ["s"], ["t"], perm=[0, 3, 1, 2]),
            node("Conv", ["t", "w"], ["c"], auto_pad="SAME_UPPER", strides=[2, 2]),
            node("Transpose", ["c"], ["h"], perm=[0, 2, 3, 1]),
            node("Add", ["h", "bias"], ["b"]),
            node("Relu", ["b"], ["r"]),
            node("Pad", ["r", "pads"], ["p"]),
            node("Transpose", ["p"], ["t2"], perm=[0, 3, 1, 2]),
            node("MaxPool", ["t2"], ["m"], kernel_shape=[3, 3], strides=[2, 2]),
            node("Transpose", ["m"], ["h2"], perm=[0, 2, 3, 1]),
            node("MatMul", ["h2", "dense"], ["e"]),
            node("ReduceMean", ["e"], ["q"], axes=[1, 2], keepdims=0),
            node("MatMul", ["q", "wh"], ["mm"]),
            node("Add", ["mm", "bh"], ["l"]),
            node("Softmax", ["l"], ["y"], axis=-1),
        ],
        {
            "d": np.float32(127.5),
            "one": np.float32(1),
            "w": floats(4, 3, 3, 3),
            "bias": floats(4),
            "pads": np.array([0, 1, 1, 0, 0, 1, 1, 0], np.int64),
            "dense": floats(4, 4),
            **head,
        },
        13,
        shape=("batch", SIDE, SIDE, 3),
        type=TensorProto.UINT8,
        scale=256,
        producer="tf2onnx",
    )
    # Flattened in the order of pixels, reversed channels, an expand that repeats nothing, a chain of shapes.
    write(
        "shape-chain",
        [
            node("Slice", ["x", "s0", "s1", "s2", "s3"], ["rev"]),
            node("Conv", ["rev", "w"], ["c"], strides=[3, 3], pads=[1, 1, 1, 1], kernel_shape=[3, 3]),
            node("Transpose", ["c"], ["h"], perm=[0, 2, 3, 1]),
            node("Shape", ["h"], ["shape"]),
            node("Gather", ["shape", "zero"], ["batch"], axis=0),
            node("Unsqueeze", ["batch"], ["first"], axes=[0]),
            node("Concat", ["first", "rest"], ["to"], axis=0),
            node("Reshape", ["h", "to"], ["row"]),
            node("Expand", ["row", "ones"], ["wide"]),
            node("Transpose", ["wflat"], ["wt"], perm=[1, 0]),
            node("Mul", ["wt", "two"], ["ws"]),
            node("MatMul", ["wide", "ws"], ["mm"]),
            node("Sigmoid", ["mm"], ["y"]),
        ],
        {
            "s0": np.array([2], np.int64),
            "s1": np.array([-4], np.int64),
            "s2": np.array([1], np.int64),
            "s3": np.array([-1], np.int64),
            "w": floats(4, 3, 3, 3),
            "zero": np.array(0, np.int64),
            "rest": np.array([-1], np.int64),
            "ones": np.array([1, 1], np.int64),
            "wflat": floats(5, 64),
            "two": np.float32(0.5),
        },
        11,
    )
    # An embedding on the way, an index of the best class besides.
    write(
        "two-outputs",
        [
            node("Conv", ["x", "w"], ["c"], strides=[2, 2]),
            node("Relu", ["c"], ["r"]),
            node("GlobalAveragePool", ["r"], ["pooled"]),
            node("Flatten", ["pooled"], ["embedding"]),
            node("Gemm", ["embedding", "wh", "bh"], ["logits"]),
            node("ArgMax", ["logits"], ["best"], axis=1),
        ],
        {"w": floats(4, 3, 3, 3), **head},
        13,
        outputs=("embedding", "logits"),
        output="logits",
    )


class Pictures(CalibrationDataReader):
    def __init__(self, name):
        self.pictures = iter([{name: picture(i, SIDE, SIDE, 3).transpose(2, 0, 1)[None]} for i in range(2, 12)])

    def get_next(self):
        return next(self.pictures, None)


def quantised():
    with tempfile.TemporaryDirectory() as scratch:
        floating = os.path.join(scratch, "small.onnx")
        module = seeded(Small())
        torch.onnx.export(module, (torch.zeros(1, 3, SIDE, SIDE),), floating, dynamo=False, opset_version=17, input_names=["x"])
        record("small", floating)
        for name, options in {"uint8": {"weight_type": QuantType.QUInt8}, "int8": {"weight_type": QuantType.QInt8, "per_channel": True}}.items():
            path = os.path.join(folder, f"dynamic-{name}.onnx")
            quantize_dynamic(floating, path, op_types_to_quantize=["Conv", "MatMul", "Gemm"], **options)
            record(f"dynamic-{name}", path, tolerance=0.03)
        for form in (QuantFormat.QDQ, QuantFormat.QOperator):
            for per_channel in (False, True):
                name = f"static-{form.name.lower()}{'-channels' if per_channel else ''}"
                path = os.path.join(folder, f"{name}.onnx")
                quantize_static(floating, path, Pictures("x"), quant_format=form, per_channel=per_channel, weight_type=QuantType.QInt8, activation_type=QuantType.QUInt8)
                record(name, path, tolerance=0.08)
        del golden["small"]


from_torch()
by_hand()
quantised()
with open(os.path.join(folder, "..", os.path.basename(folder) + ".json"), "w") as file:
    json.dump(golden, file, separators=(",", ":"))
    file.write("\n")
print(len(golden), "files", sum(os.path.getsize(os.path.join(folder, f)) for f in os.listdir(folder)) // 1024, "KiB", file=sys.stderr)
