"""Figures of the folded weights that models/ must hold, by torchvision's modules and by numpy from the shards.

    python test/golden/models.py PTH TFJS_FOLDER > test/golden/models.json      needs torch, torchvision, numpy

For each layer, in the project's layout: shape, sum of magnitudes, and a sum in which every place has its own factor
(1 + place mod 97), so that a wrong axis order shows; the same two sums for the bias.
"""
import json
import pathlib
import sys

import numpy as np
import torch
import torchvision

torch.set_num_threads(1)


def figures(weights, bias):
    def sums(values):
        flat = np.asarray(values, dtype=np.float64).ravel()
        return [float(np.abs(flat).sum()), float((flat * (1 + np.arange(flat.size) % 97)).sum())]

    return {'shape': list(weights.shape), 'weights': sums(weights), 'bias': sums(bias)}


def mobilenet_v2(path):
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
json.dump({'mobilenet_v2': mobilenet_v2(sys.argv[1]), 'efficientnet_b0': efficientnet_b0(sys.argv[2])}, sys.stdout, indent=1)
