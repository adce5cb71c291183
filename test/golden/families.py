"""
Makes families.json.gz: for each family of checkpoints the names and shapes of its tensors as its own library states
them, and the logits that library gives for two inputs. Weights and inputs are not stored: both sides make them from
the tensors' names (`values` below; test/weights/families/checkpoint.ts).

    KERAS_BACKEND=torch python test/golden/families.py

Made with torch 2.15.0, torchvision 0.29.2, timm 1.0.31, transformers 5.23.0, keras 3.15.1 (torch backend).
TF-slim's own code needs TensorFlow 1; its checkpoints are checked against Hugging Face's networks, which were written
to run them, under slim's names and in slim's order of axes.
"""
import gzip
import importlib
import json
import math
import os
import re
import sys
import types

os.environ.setdefault('KERAS_BACKEND', 'torch')
import keras
import numpy as np
import timm
import torch
import torchvision
from timm.models.efficientnet import _gen_mobilenet_v1, _gen_mobilenet_v2
from transformers import (
    MobileNetV1Config,
    MobileNetV1ForImageClassification,
    MobileNetV1Model,
    MobileNetV2Config,
    MobileNetV2ForImageClassification,
)

# Under these names the packages export functions.
keras_xception = importlib.import_module('keras.src.applications.xception')
timm_xception = importlib.import_module('timm.models.xception')

OUT = os.path.join(os.path.dirname(__file__), 'families.json.gz')


def values(name, shape, low, high):
    """FNV-1a of the name, then murmur3's finaliser of every index; 24 bits of it between low and high."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x01000193) & 0xFFFFFFFF
    count = math.prod(shape)
    x = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9) + np.uint32(seed)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> np.uint32(16)
    uniform = (x >> np.uint32(8)).astype(np.float64) / 2**24
    return (low + (high - low) * uniform).astype(np.float32).reshape(shape)


def kernel_range(fan_in):
    bound = round(math.sqrt(6 / fan_in), 4)
    return -bound, bound


NORM = {'gamma': (0.8, 1.2), 'beta': (-0.2, 0.3), 'mean': (-0.2, 0.2), 'variance': (0.6, 1.4), 'bias': (-0.1, 0.1)}


def picture(number, resolution):
    """Height × width × 3: one of noise about 0, one of stronger noise, brighter, so that the outputs differ."""
    low, high = ((-1, 1), (-0.4, 1.6))[number]
    return values(f'picture {number}', (resolution, resolution, 3), low, high)


cases = []


def add(family, network, alpha, resolution, classes, tensors, run, **more):
    """`tensors`: [name, shape, low, high]; `run`: picture → logits."""
    with torch.no_grad():
        outputs = [np.asarray(run(picture(i, resolution)), np.float32).ravel() for i in range(2)]
    scale = max(np.abs(outputs[0]).max(), np.abs(outputs[1]).max())
    difference = np.abs(outputs[0] - outputs[1]).max() / scale
    assert len(outputs[0]) == classes and difference > 0.012, (family, network, difference, len(outputs[0]))
    print(f'{family} {network} {alpha} {resolution} {classes}: {len(tensors)} tensors, difference {difference:.3f}',
          file=sys.stderr)
    case = dict(family=family, network=network, alpha=alpha, resolution=resolution, classes=classes, **more)
    case['tensors'] = [[name, list(shape), low, high] for name, shape, low, high in tensors]
    case['outputs'] = [[float(f'{x:.7g}') for x in output] for output in outputs]
    cases.append(case)


# PyTorch


def torch_range(name, shape):
    if name.endswith('running_mean'):
        return NORM['mean']
    if name.endswith('running_var'):
        return NORM['variance']
    if len(shape) > 1:
        return kernel_range(math.prod(shape[1:]))
    return NORM['gamma'] if name.endswith('weight') else NORM['beta']


def fill_torch(model, rename=lambda name: name, shape_of=lambda name, shape: shape, order=lambda name, array: array):
    """Gives every tensor its values, made under the checkpoint's name and in its shape."""
    tensors = []
    state = {}
    for name, tensor in model.state_dict().items():
        if name.endswith('num_batches_tracked'):
            state[name] = tensor
            continue
        low, high = torch_range(name, tensor.shape)
        shape = shape_of(name, tuple(tensor.shape))
        tensors.append((rename(name), shape, low, high))
        state[name] = torch.from_numpy(np.ascontiguousarray(order(name, values(rename(name), shape, low, high))))
    model.load_state_dict(state)
    model.eval()
    return tensors


def run_torch(model):
    def run(array):
        output = model(torch.from_numpy(array).permute(2, 0, 1)[None])
        for field in ('logits', 'pooler_output'):
            output = getattr(output, field, output)
        return output.numpy()
    return run


def add_torch(family, network, alpha, resolution, classes, model, **more):
    tensors = fill_torch(model)
    add(family, network, alpha, resolution, classes, tensors, run_torch(model), **more)


def torchvision_v2(alpha, resolution, classes):
    add_torch('torchvision mobilenet_v2', 'mobilenet_v2', alpha, resolution, classes,
              torchvision.models.mobilenet_v2(width_mult=alpha, num_classes=classes))


torchvision_v2(0.35, 65, 7)
torchvision_v2(0.1, 96, 7)
torchvision_v2(1.0, 64, 1000)


def timm_v1(alpha, resolution, classes, **more):
    model = _gen_mobilenet_v1('mobilenetv1_100', channel_multiplier=alpha, num_classes=classes, **more)
    features = {} if classes else {'head': False}
    add_torch('timm mobilenetv1', 'mobilenet_v1', alpha, resolution, classes or int(1024 * alpha), model, **features)


timm_v1(0.25, 64, 7)
timm_v1(0.5, 75, 7)
timm_v1(0.25, 33, 0)


def timm_v2(alpha, resolution, classes):
    add_torch('timm mobilenetv2', 'mobilenet_v2', alpha, resolution, classes,
              _gen_mobilenet_v2('mobilenetv2_100', channel_multiplier=alpha, num_classes=classes))


timm_v2(0.35, 65, 7)
timm_v2(1.4, 64, 7)
add_torch('timm efficientnet_b0', 'efficientnet_b0', 1, 67, 7, timm.create_model('efficientnet_b0', num_classes=7))
add_torch('timm legacy_xception', 'xception', 1, 75, 7, timm.create_model('legacy_xception', num_classes=7))


def scaled(channels, alpha):
    return channels if channels == 3 else max(int(channels * alpha), 8)


def narrow_timm_xception(alpha, classes):
    """The same code with every width but the input's scaled, as this project scales v1."""
    nn = torch.nn
    proxy = types.ModuleType('nn')
    proxy.__dict__.update(nn.__dict__)

    class Conv2d(nn.Conv2d):
        def __init__(self, i, o, size, stride=1, padding=0, dilation=1, groups=1, **options):
            i, o = scaled(i, alpha), scaled(o, alpha)
            super().__init__(i, o, size, stride, padding, dilation, i if groups > 1 else 1, **options)

    class BatchNorm2d(nn.BatchNorm2d):
        def __init__(self, channels, **options):
            super().__init__(scaled(channels, alpha), **options)

    proxy.Conv2d, proxy.BatchNorm2d = Conv2d, BatchNorm2d
    timm_xception.nn = proxy
    try:
        model = timm_xception.Xception(num_classes=classes)
    finally:
        timm_xception.nn = nn
    model.fc = nn.Linear(scaled(2048, alpha), classes)
    return model


add_torch('timm legacy_xception', 'xception', 0.125, 96, 7, narrow_timm_xception(0.125, 7))


# Hugging Face, and TF-slim through it


def huggingface(version, alpha, classes):
    config, model = [(MobileNetV1Config, MobileNetV1ForImageClassification),
                     (MobileNetV2Config, MobileNetV2ForImageClassification)][version - 1]
    return model(config(depth_multiplier=alpha, num_labels=classes))


for version, alpha, resolution, classes in (
    (1, 0.5, 33, 7), (1, 0.25, 64, 1001), (2, 1.4, 64, 1001), (2, 0.35, 65, 7), (2, 0.5, 50, 7),
):
    add_torch(f'Hugging Face MobileNetV{version}', f'mobilenet_v{version}', alpha, resolution, classes,
              huggingface(version, alpha, classes))
add_torch('Hugging Face MobileNetV1', 'mobilenet_v1', 0.25, 50, 256,
          MobileNetV1Model(MobileNetV1Config(depth_multiplier=0.25)), head=False)

SLIM = {
    'convolution.weight': 'weights', 'normalization.weight': 'BatchNorm/gamma', 'normalization.bias': 'BatchNorm/beta',
    'normalization.running_mean': 'BatchNorm/moving_mean', 'normalization.running_var': 'BatchNorm/moving_variance',
}


def slim_scope(version, unit):
    if version == 1:
        if unit == 'conv_stem':
            return 'Conv2d_0'
        number = int(unit.split('.')[1])
        return f'Conv2d_{number // 2 + 1}_{"pointwise" if number % 2 else "depthwise"}'
    parts = {'expand_1x1': 'expand', 'conv_3x3': 'depthwise', 'reduce_1x1': 'project'}
    if unit == 'conv_stem.first_conv':
        return 'Conv'
    if unit == 'conv_1x1':
        return 'Conv_1'
    if unit.startswith('conv_stem.'):
        return f'expanded_conv/{parts[unit.split(".")[1]]}'
    _, number, part = unit.split('.')
    return f'expanded_conv_{int(number) + 1}/{parts[part]}'


def slim(version, alpha, resolution, classes, averages):
    model = huggingface(version, alpha, classes)
    root = f'MobilenetV{version}'

    def rename(name):
        if name.startswith('classifier'):
            return f'{root}/Logits/Conv2d_1c_1x1/{"weights" if name.endswith("weight") else "biases"}'
        unit, kind = re.fullmatch(r'mobilenet_v\d\.(.+)\.((?:convolution|normalization)\.\w+)', name).groups()
        scope = slim_scope(version, unit)
        leaf = 'depthwise_weights' if scope.endswith('depthwise') and kind.startswith('conv') else SLIM[kind]
        end = '/ExponentialMovingAverage' if averages and not leaf.endswith(('mean', 'variance')) else ''
        return f'{root}/{scope}/{leaf}{end}'

    def shape_of(name, shape):
        if name == 'classifier.weight':
            return (1, 1, shape[1], shape[0])
        if len(shape) < 4:
            return shape
        return (*shape[2:], shape[0], 1) if 'depthwise' in rename(name) else (*shape[2:], shape[1], shape[0])

    def order(name, array):
        if name == 'classifier.weight':
            return array[0, 0].T
        if array.ndim < 4:
            return array
        return array.transpose(2, 3, 0, 1) if 'depthwise' in rename(name) else array.transpose(3, 2, 0, 1)

    tensors = fill_torch(model, rename, shape_of, order)
    if averages:
        # What training left behind beside the averages must not be used.
        tensors += [(name.removesuffix('/ExponentialMovingAverage'), shape, 5, 6)
                    for name, shape, *_ in tensors if name.endswith('Average')]
    add(f'TF-slim MobilenetV{version}', f'mobilenet_v{version}', alpha, resolution, classes, tensors, run_torch(model))


slim(1, 0.25, 64, 1001, False)
slim(1, 0.5, 50, 7, True)
slim(2, 0.35, 96, 1001, False)
slim(2, 0.5, 65, 7, True)


# Keras


def keras_range(path, shape):
    leaf = path.split('/')[-1]
    if leaf in ('gamma', 'beta', 'bias'):
        return NORM[leaf]
    if leaf.startswith('moving_'):
        return NORM[leaf.removeprefix('moving_')]
    if 'depthwise' in leaf or (len(shape) == 4 and shape[3] == 1):
        return kernel_range(math.prod(shape[:2]))
    return kernel_range(math.prod(shape[:-1]))


def keras3(path):
    return path


def keras2(path):
    """HDF5 of Keras 2: a group for each layer, the variable's scope in it again."""
    layer, leaf = path.split('/')
    if leaf == 'kernel' and re.search(r'conv_dw_\d+$|_depthwise$|_dwconv$', layer):
        leaf = 'depthwise_kernel'
    layer = re.sub(r'^(conv2d|batch_normalization)(?:_(\d+))?$', lambda m: f'{m[1]}_{int(m[2] or 0) + 1}', layer)
    return f'{layer}/{layer}_1/{leaf}:0'


def keras1(path):
    """HDF5 of Keras 1."""
    layer, leaf = path.split('/')
    number = re.fullmatch(r'(conv2d|batch_normalization)(?:_(\d+))?', layer)
    if number:
        kind = 'convolution2d' if number[1] == 'conv2d' else 'batchnormalization'
        layer = f'{kind}_{int(number[2] or 0) + 1}'
    leaf = {'kernel': 'W', 'bias': 'b', 'moving_mean': 'running_mean', 'moving_variance': 'running_std'}.get(leaf, leaf)
    return f'{layer}/{layer}_{leaf}'


def second_session(path):
    """As tfjs converts a model that was not the first of its session."""
    layer, leaf = path.split('/')
    number = re.fullmatch(r'(conv2d|batch_normalization)(?:_(\d+))?', layer)
    return f'{number[1]}_{int(number[2] or 0) + 4}/{leaf}' if number else f'{layer}_1/{leaf}'


def add_keras(family, network, alpha, resolution, classes, model, spelling=keras3, factor=1, **more):
    tensors = []
    for weight in model.weights:
        path = '/'.join(weight.path.split('/')[-2:])
        # Keras 3 numbers unnamed layers through a whole process.
        if path.startswith('normalization') or 'seed' in path:
            continue
        shape = tuple(weight.shape)
        low, high = keras_range(path, shape)
        name = spelling(path)
        tensors.append((name, shape, low, high))
        weight.assign(values(name, shape, low, high))
    run = lambda array: model(torch.from_numpy(array * np.float32(factor))[None], training=False).cpu().numpy()
    add(family, network, alpha, resolution, classes, tensors, run, **more)


def keras_model(build, alpha, resolution, classes, spelling=keras3, **options):
    keras.backend.clear_session()
    options = {'alpha': alpha, **options}
    if classes:
        model = build(input_shape=(resolution, resolution, 3), weights=None, classes=classes,
                      classifier_activation=None, **options)
    else:
        model = build(input_shape=(resolution, resolution, 3), weights=None, include_top=False, pooling='avg', **options)
    return model


V1, V2 = keras.applications.MobileNet, keras.applications.MobileNetV2
add_keras('Keras MobileNet', 'mobilenet_v1', 0.25, 64, 7, keras_model(V1, 0.25, 64, 7))
add_keras('Keras MobileNet', 'mobilenet_v1', 0.5, 75, 7, keras_model(V1, 0.5, 75, 7), keras2)
add_keras('Keras MobileNet', 'mobilenet_v1', 0.25, 50, 256, keras_model(V1, 0.25, 50, 0), second_session, head=False)
add_keras('Keras MobileNetV2', 'mobilenet_v2', 0.35, 65, 7, keras_model(V2, 0.35, 65, 7))
add_keras('Keras MobileNetV2', 'mobilenet_v2', 1.4, 64, 1001, keras_model(V2, 1.4, 64, 1001), keras2)
add_keras('Keras MobileNetV2', 'mobilenet_v2', 0.35, 50, 1280, keras_model(V2, 0.35, 50, 0), head=False)


def narrow_keras_xception(alpha, resolution, classes):
    layers = keras_xception.layers
    proxy = types.ModuleType('layers')
    proxy.__dict__.update(layers.__dict__)
    proxy.Conv2D = lambda filters, *rest, **options: layers.Conv2D(scaled(filters, alpha), *rest, **options)
    proxy.SeparableConv2D = lambda filters, *rest, **options: (
        layers.SeparableConv2D(scaled(filters, alpha), *rest, **options))
    keras_xception.layers = proxy
    keras.backend.clear_session()
    try:
        return keras_xception.Xception(input_shape=(resolution, resolution, 3), weights=None, classes=classes,
                                       classifier_activation=None)
    finally:
        keras_xception.layers = layers


for resolution, spelling in ((75, keras3), (96, keras2), (71, keras1), (75, second_session)):
    add_keras('Keras Xception', 'xception', 0.125, resolution, 7, narrow_keras_xception(0.125, resolution, 7), spelling)

keras.backend.clear_session()
add_keras('Keras EfficientNetB0', 'efficientnet_b0', 1, 67, 7,
          keras.applications.EfficientNetB0(input_shape=(67, 67, 3), weights=None, classes=7,
                                            classifier_activation=None), factor=255)

made = json.dumps({'cases': cases}, separators=(',', ':')).encode()
with open(OUT, 'wb') as file:
    with gzip.GzipFile(fileobj=file, mode='wb', mtime=0, filename='') as packed:
        packed.write(made)
print(f'{len(cases)} cases, {os.path.getsize(OUT)} bytes', file=sys.stderr)
