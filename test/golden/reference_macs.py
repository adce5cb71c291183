"""Multiply-accumulates of convolutions and dense layers, from the shapes that a library's own layers state."""
import math


def keras_macs(model):
    """Of a Keras model (2 or 3) whose input has a fixed size."""
    total = 0
    for layer in model.layers:
        kind = type(layer).__name__
        if kind not in ('Conv2D', 'DepthwiseConv2D', 'SeparableConv2D', 'Dense'):
            continue
        given, made = shape_of(layer.input), shape_of(layer.output)
        if kind == 'Dense':
            total += math.prod(given) * made[-1]
            continue
        outputs, window = made[0] * made[1], math.prod(layer.kernel_size)
        if kind == 'Conv2D':
            total += outputs * made[2] * window * given[2] // layer.groups
            continue
        channels = given[2] * layer.depth_multiplier
        total += outputs * channels * window
        if kind == 'SeparableConv2D':
            total += outputs * channels * made[2]
    return total


def shape_of(tensor):
    """Without the batch."""
    return [int(extent) for extent in tensor.shape[1:]]


def torch_macs(network, side):
    import torch

    counts = []

    def count(module, inputs, output):
        weights = math.prod(module.weight.shape[1:])
        counts.append(weights * math.prod(output.shape[1:]))

    kinds = (torch.nn.Conv2d, torch.nn.Linear)
    hooks = [module.register_forward_hook(count) for module in network.modules() if isinstance(module, kinds)]
    with torch.no_grad():
        network(torch.zeros(1, 3, side, side))
    for hook in hooks:
        hook.remove()
    return sum(counts)


def onnx_macs(path):
    """Of an ONNX file, by the shapes that ONNX's own inference gives; a batch that is open is 1."""
    import onnx

    model = onnx.load(str(path))
    for value in (*model.graph.input, *model.graph.output):
        dimensions = value.type.tensor_type.shape.dim
        if dimensions and not dimensions[0].dim_value:
            dimensions[0].dim_value = 1
    del model.graph.value_info[:]
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    shapes = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.value_info, *graph.input, *graph.output):
        shapes[value.name] = [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
    total = 0
    for node in graph.node:
        if node.op_type == 'Conv':
            count = math.prod(shapes[node.output[0]]) * math.prod(shapes[node.input[1]][1:])
        elif node.op_type == 'Gemm':
            count = math.prod(shapes[node.input[1]]) * shapes[node.output[0]][0]
        elif node.op_type == 'MatMul':
            count = math.prod(shapes[node.output[0]]) * shapes[node.input[0]][-1]
        else:
            continue
        assert count > 0, (path, node.name)
        total += count
    return total
