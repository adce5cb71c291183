"""Writes onnx-tiny/*.onnx and onnx-tiny.json: small graphs with seeded random weights, as torch.onnx (both exporters),
onnx.helper and onnxruntime's quantiser write them, with what onnxruntime gives for two pictures.

For qdq.onnx the expected output is onnxruntime's for the same graph in real numbers: integer weights dequantised by
the file's own scales, maps clipped to what their 8 bits can hold instead of rounded. For qlinear.onnx it is that of the
integers themselves, which rounding moves by a few hundredths.

    pip install torch onnx onnxruntime onnxscript
    python test/golden/onnx_tiny.py
"""

import json
import logging
import os
import tempfile

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from torch import nn

logging.disable(logging.WARNING)
onnxruntime.set_default_logger_severity(3)
here = os.path.dirname(os.path.abspath(__file__))
folder = os.path.join(here, "onnx-tiny")
rng = np.random.default_rng(20)
golden = {}


class Block(nn.Module):
    """Every kind of layer that the networks have, in few channels; odd sizes, so that padding matters."""

    def __init__(self, swish):
        super().__init__()
        act = nn.SiLU if swish else nn.ReLU6
        self.stem = nn.Conv2d(3, 6, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(6)
        self.expand = nn.Conv2d(6, 12, 1, bias=True)
        self.depth = nn.Conv2d(12, 12, 5, 1, 2, groups=12, bias=False)
        self.bn2 = nn.BatchNorm2d(12, eps=1e-3)
        self.reduce = nn.Conv2d(12, 4, 1)
        self.widen = nn.Conv2d(4, 12, 1)
        self.project = nn.Conv2d(12, 6, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(6)
        self.act = act()
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.head = nn.Linear(6, 5)
        self.swish = swish

    def forward(self, x):
        x = self.act(self.bn1(self.stem(x)))
        y = self.act(self.expand(x))
        y = self.act(self.bn2(self.depth(y)))
        if self.swish:
            s = self.widen(self.act(self.reduce(nn.functional.adaptive_avg_pool2d(y, 1))))
            y = y * torch.sigmoid(s)
        x = self.pool(x + self.bn3(self.project(y)))
        x = torch.flatten(nn.functional.adaptive_avg_pool2d(torch.relu(x), 1), 1)
        return self.head(nn.functional.dropout(x, 0.2, self.training))


def seeded(module):
    for name, value in module.state_dict().items():
        if name.endswith("running_var"):
            value.copy_(torch.from_numpy(rng.uniform(0.2, 2, value.shape)))
        elif value.dim() > 0:
            value.copy_(torch.from_numpy(rng.normal(0.1, 0.5, value.shape)))
    return module.eval()


def record(name, model, reference=None, resolution=None):
    """Outputs for two pictures [3, h, w], which are written as they go into our network: [h, w, 3]."""
    session = onnxruntime.InferenceSession(reference or model)
    shape = session.get_inputs()[0].shape
    size = resolution or shape[2]
    pictures, outputs = [], []
    for _ in range(2):
        x = rng.normal(0, 1, (1, 3, size, size)).round(3).astype(np.float32)
        fed = x.transpose(0, 2, 3, 1) if shape[-1] == 3 else x
        y = session.run(None, {session.get_inputs()[0].name: fed})[0]
        pictures.append(x[0].transpose(1, 2, 0).ravel().tolist())
        outputs.append(y.ravel().tolist())
    pictures = [[round(v, 3) for v in p] for p in pictures]
    golden[name] = {"resolution": size, "pictures": pictures, "outputs": outputs}


def exported():
    torch.manual_seed(1)
    example = torch.zeros(1, 3, 13, 13)
    for name, swish in [("relu6", False), ("swish", True)]:
        module = seeded(Block(swish))
        script = os.path.join(folder, f"{name}-torchscript.onnx")
        names = {"input_names": ["picture"], "output_names": ["logits"]}
        axes = {"picture": {0: "batch", 2: "height", 3: "width"}} if swish else {"picture": {0: "batch"}}
        keep = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False} if swish else {}
        torch.onnx.export(module, (example,), script, dynamo=False, dynamic_axes=axes, **names, **keep)
        record(f"{name}-torchscript", script, resolution=13)
        dynamo = os.path.join(folder, f"{name}-dynamo.onnx")
        torch.onnx.export(module, (example,), dynamo, dynamo=True, external_data=not swish, verbose=False, **names)
        strip(dynamo)
        record(f"{name}-dynamo", dynamo)


def strip(path):
    """Takes out stack traces, which name folders of the machine that exported."""
    model = onnx.load(path, load_external_data=False)
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    for item in [*model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output]:
        del item.metadata_props[:]
        item.doc_string = ""
    onnx.save(model, path)


def constant(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def floats(*shape):
    return rng.normal(0, 0.4, shape).astype(np.float32)


def composed():
    """What converters from TensorFlow write: HWC outside, SAME, Pad, shapes computed on the way, MatMul and Add."""
    node = helper.make_node
    nodes = [
        node("Mul", ["picture", "two"], ["doubled"]),
        node("Sub", ["doubled", "one"], ["scaled"]),
        node("Transpose", ["scaled"], ["chw"], perm=[0, 3, 1, 2]),
        node("Conv", ["chw", "w1"], ["c1"], auto_pad="SAME_UPPER", strides=[2, 2], kernel_shape=[3, 3]),
        node("Add", ["c1", "b1"], ["a1"]),
        node("Clip", ["a1", "zero", "six"], ["r1"]),
        node("Pad", ["r1", "pads"], ["p1"]),
        node("Conv", ["p1", "w2", "b2"], ["c2"], group=5, strides=[2, 2], name="depthwise"),
        node("Identity", ["c2"], ["i2"]),
        node("Relu", ["i2"], ["r2"]),
        node("MaxPool", ["r2"], ["m2"], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
        node("BatchNormalization", ["m2", "g", "h", "m", "v"], ["n2"], epsilon=0.01),
        node("Shape", ["n2"], ["s"]),
        node("Gather", ["s", "first"], ["batch"], axis=0),
        node("Unsqueeze", ["batch", "axis"], ["batches"]),
        node("Concat", ["batches", "rest"], ["shape"], axis=0),
        node("Reshape", ["n2", "shape"], ["row"]),
        node("MatMul", ["row", "w3"], ["l"]),
        node("Add", ["l", "b3"], ["logits"]),
        node("Softmax", ["logits"], ["probabilities"], axis=-1),
    ]
    weights = [
        constant("two", np.float32(2)),
        constant("one", np.array([1, 0.5, 0.25], np.float32)),
        constant("zero", np.float32(0)),
        constant("six", np.float32(6)),
        constant("w1", floats(5, 3, 3, 3)),
        constant("b1", floats(1, 5, 1, 1)),
        constant("pads", np.array([0, 0, 0, 1, 0, 0, 2, 1], np.int64)),
        constant("w2", floats(5, 1, 3, 3)),
        constant("b2", floats(5)),
        constant("g", floats(5)),
        constant("h", floats(5)),
        constant("m", floats(5)),
        constant("v", np.abs(floats(5))),
        constant("first", np.int64(0)),
        constant("axis", np.array([0], np.int64)),
        constant("rest", np.array([-1], np.int64)),
        constant("w3", floats(20, 4)),
        constant("b3", floats(4)),
    ]
    inputs = [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 13, 13, 3])]
    outputs = [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, 4])]
    graph = helper.make_graph(nodes, "composed", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path = os.path.join(folder, "composed.onnx")
    onnx.save(model, path)
    record("composed", path, resolution=13)


class Pictures(CalibrationDataReader):
    def __init__(self):
        own = np.random.default_rng(8)
        self.left = iter([{"picture": own.normal(0, 1, (1, 3, 13, 13)).astype(np.float32)} for _ in range(8)])

    def get_next(self):
        return next(self.left, None)


def in_real_numbers(path, target):
    """Each pair of QuantizeLinear and DequantizeLinear on a map becomes a Clip to what its type can hold."""
    model = onnx.load(path)
    constants = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    kept, added = [], []
    renamed = {}
    for node in model.graph.node:
        if node.op_type == "QuantizeLinear":
            scale, zero = float(constants[node.input[1]]), constants[node.input[2]]
            limits = np.iinfo(zero.dtype)
            source = renamed.get(node.input[0], node.input[0])
            if source == "picture":
                renamed[node.output[0]] = source
                continue
            ends = []
            for end, limit in [("low", limits.min), ("high", limits.max)]:
                ends.append(f"{node.output[0]}_{end}")
                added.append(constant(ends[-1], np.float32((int(limit) - int(zero)) * scale)))
            kept.append(helper.make_node("Clip", [source, *ends], [node.output[0] + "_clipped"]))
            renamed[node.output[0]] = node.output[0] + "_clipped"
        elif node.op_type == "DequantizeLinear" and node.input[0] in renamed:
            renamed[node.output[0]] = renamed[node.input[0]]
        else:
            for i, name in enumerate(node.input):
                node.input[i] = renamed.get(name, name)
            kept.append(node)
    output = model.graph.output[0].name
    if output in renamed:
        kept.append(helper.make_node("Identity", [renamed[output]], [output]))
    del model.graph.node[:]
    model.graph.node.extend(kept)
    model.graph.initializer.extend(added)
    onnx.save(model, target)


def quantised():
    source = os.path.join(folder, "relu6-torchscript.onnx")
    with tempfile.TemporaryDirectory() as scratch:
        for name, form, per_channel, weight in [
            ("qdq", QuantFormat.QDQ, True, QuantType.QInt8),
            ("qlinear", QuantFormat.QOperator, False, QuantType.QUInt8),
        ]:
            path = os.path.join(folder, f"{name}.onnx")
            options = {"per_channel": per_channel, "activation_type": QuantType.QUInt8, "weight_type": weight}
            quantize_static(source, path, Pictures(), quant_format=form, **options)
            if form == QuantFormat.QOperator:
                record(name, path)
                continue
            real = os.path.join(scratch, f"{name}.onnx")
            in_real_numbers(path, real)
            record(name, path, real, resolution=13)


os.makedirs(folder, exist_ok=True)
exported()
composed()
quantised()
with open(os.path.join(here, "onnx-tiny.json"), "w") as file:
    json.dump(golden, file)
    file.write("\n")
