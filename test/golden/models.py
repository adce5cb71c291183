"""Figures of the folded weights that models/ must hold, by torchvision's modules, and by numpy from the published files.

    python test/golden/models.py NETWORK SOURCE     replaces the network in test/golden/models.json; needs numpy

with a SOURCE as models/README.md names them: mobilenet_v2 (needs torch and torchvision), mobilenet_v1 (tensorflow),
efficientnet_b0, efficientnet_lite0 (torch).

For each layer, in the project's layout: shape, sum of magnitudes, and a sum in which every place has its own factor
(1 + place mod 97), so that a wrong axis order shows; the same two sums for the bias.
"""
import json
import pathlib
import sys

import numpy as np


def figures(weights, bias):
    def sums(values):
        flat = np.asarray(values, dtype=np.float64).ravel()
        return [float(np.abs(flat).sum()), float((flat * (1 + np.arange(flat.size) % 97)).sum())]

    return {'shape': list(weights.shape), 'weights': sums(weights), 'bias': sums(bias)}


def fold(kernel, depthwise, gamma, beta, mean, variance, epsilon):
    """From TensorFlow's axes, in double precision."""
    scale = gamma.astype(np.float64) / np.sqrt(variance.astype(np.float64) + epsilon)
    weights = kernel[..., 0] * scale if depthwise else kernel * scale
    return figures(weights[0, 0] if weights.shape[:2] == (1, 1) else weights, beta - mean * scale)


def mobilenet_v1(path):
    import tensorflow as tf

    graph = tf.compat.v1.GraphDef.FromString(pathlib.Path(path).read_bytes())
    nodes = {node.name: node for node in graph.node}

    def constant(name):
        return tf.make_ndarray(nodes[name].attr['value'].tensor)

    layers = {}
    scopes = [('conv1', 'Conv2d_0')]
    for block in range(1, 14):
        scopes += [(f'conv_dw_{block}', f'Conv2d_{block}_depthwise'), (f'conv_pw_{block}', f'Conv2d_{block}_pointwise')]
    for name, scope in scopes:
        depthwise = scope.endswith('depthwise')
        kernel = constant(f'MobilenetV1/{scope}/{"depthwise_weights" if depthwise else "weights"}')
        norm = [constant(f'MobilenetV1/{scope}/BatchNorm/{part}') for part in ('gamma', 'beta', 'moving_mean', 'moving_variance')]
        epsilon = constant(f'MobilenetV1/MobilenetV1/{scope}/BatchNorm/batchnorm/add/y')
        layers[name] = fold(kernel, depthwise, *norm, float(epsilon))
    head = [constant(f'MobilenetV1/Logits/Conv2d_1c_1x1/{part}') for part in ('weights', 'biases')]
    layers['conv_preds'] = figures(head[0][0, 0, :, 1:], head[1][1:])
    return layers


def efficientnet_lite0(path):
    import torch

    state = {name: value.numpy() for name, value in torch.load(path, weights_only=True).items()}

    def folded(conv, norm):
        kernel = np.transpose(state[f'{conv}.weight'], (2, 3, 1, 0))
        depthwise = kernel.shape[2] == 1
        if depthwise:
            kernel = np.transpose(kernel, (0, 1, 3, 2))
        parts = [state[f'{norm}.{part}'] for part in ('weight', 'bias', 'running_mean', 'running_var')]
        return fold(kernel, depthwise, *parts, 1e-3)

    layers = {'stem_conv': folded('_conv_stem', '_bn0'), 'top_conv': folded('_conv_head', '_bn1')}
    block = 0
    for stage, repeats in enumerate([1, 2, 2, 3, 3, 4, 1]):
        for repeat in range(repeats):
            name = f'block{stage + 1}{"abcd"[repeat]}'
            if stage > 0:
                layers[f'{name}_expand_conv'] = folded(f'_blocks.{block}._expand_conv', f'_blocks.{block}._bn0')
            layers[f'{name}_dwconv'] = folded(f'_blocks.{block}._depthwise_conv', f'_blocks.{block}._bn1')
            layers[f'{name}_project_conv'] = folded(f'_blocks.{block}._project_conv', f'_blocks.{block}._bn2')
            block += 1
    layers['predictions'] = figures(state['_fc.weight'].T, state['_fc.bias'])
    return layers


def mobilenet_v2(path):
    import torch
    import torchvision

    torch.set_num_threads(1)
    model = torchvision.models.mobilenet_v2()
    model.load_state_dict(torch.load(path, weights_only=True))
    model.double().eval()
    kinds = (torch.nn.Conv2d, torch.nn.BatchNorm2d, torch.nn.Linear)
    modules = [module for module in model.modules() if isinstance(module, kinds)]
    names = ['Conv1', 'expanded_conv_depthwise', 'expanded_conv_project']
    for block in range(1, 17):
        names += [f'block_{block}_{part}' for part in ('expand', 'depthwise', 'project')]
    names.append('Conv_1')
    layers = {}
    for name, conv, norm in zip(names, modules[0::2], modules[1::2]):
        folded = torch.nn.utils.fuse_conv_bn_eval(conv, norm)
        weights = folded.weight.detach().numpy()
        if conv.groups > 1:
            weights = np.moveaxis(weights[:, 0], 0, -1)
        elif conv.kernel_size == (1, 1):
            weights = weights[:, :, 0, 0].T
        else:
            weights = np.einsum('oiyx->yxio', weights)
        layers[name] = figures(weights, folded.bias.detach().numpy())
    layers['predictions'] = figures(modules[-1].weight.detach().numpy().T, modules[-1].bias.detach().numpy())
    return layers


def efficientnet_b0(folder):
    folder = pathlib.Path(folder)
    model = json.loads((folder / 'model.json').read_text())
    tensors = {}
    for group in model['weightsManifest']:
        data = b''.join((folder / path).read_bytes() for path in group['paths'])
        offset = 0
        for weight in group['weights']:
            count = int(np.prod(weight['shape'], dtype=np.int64))
            if weight['dtype'] == 'float32':
                tensors[weight['name']] = np.frombuffer(data, np.float32, count, offset).reshape(weight['shape'])
            offset += 4 * count
    # The layers in the order in which the graph runs them: depth first from the output.
    nodes = {node['name']: node for node in model['modelTopology']['node']}
    order, seen = [], set()

    def visit(name):
        name = name.lstrip('^').split(':')[0]
        if name in seen:
            return
        seen.add(name)
        for source in nodes[name].get('input', []):
            visit(source)
        if nodes[name]['op'] in ('_FusedConv2D', 'FusedDepthwiseConv2dNative', '_FusedMatMul'):
            order.append(nodes[name])

    visit('Identity')
    names = ['stem_conv']
    for stage, repeats in enumerate([1, 2, 2, 3, 3, 4, 1]):
        for repeat in range(repeats):
            parts = ['dwconv', 'se_reduce', 'se_expand', 'project_conv']
            if stage > 0:
                parts.insert(0, 'expand_conv')
            names += [f'block{stage + 1}{"abcd"[repeat]}_{part}' for part in parts]
    names += ['top_conv', 'predictions']
    assert len(names) == len(order)
    return {
        name: figures(np.squeeze(tensors[node['input'][1]]), tensors[node['input'][2]])
        for name, node in zip(names, order)
    }


sys.setrecursionlimit(10_000)
makers = {each.__name__: each for each in (mobilenet_v1, mobilenet_v2, efficientnet_b0, efficientnet_lite0)}
network, source = sys.argv[1:]
target = pathlib.Path(__file__).with_name('models.json')
target.write_text(json.dumps({**json.loads(target.read_text()), network: makers[network](source)}, indent=1))
