"""
Makes keras-models.json.gz: small models that are none of the papers' networks, as Keras itself describes them
(`model.to_json()`), the names and shapes of their weights, and what they give for two inputs. Values are made from names
as in families.py.

    KERAS_BACKEND=torch python test/golden/keras_models.py

Made with keras 3.15.1 on torch 2.15.0.
"""
import gzip
import json
import math
import os
import sys

os.environ.setdefault('KERAS_BACKEND', 'torch')
import keras
import numpy as np
import torch
from keras import layers

OUT = os.path.join(os.path.dirname(__file__), 'keras-models.json.gz')


def values(name, shape, low, high):
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x01000193) & 0xFFFFFFFF
    x = np.arange(math.prod(shape), dtype=np.uint32) * np.uint32(0x9E3779B9) + np.uint32(seed)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> np.uint32(16)
    return (low + (high - low) * ((x >> np.uint32(8)).astype(np.float64) / 2**24)).astype(np.float32).reshape(shape)


RANGES = {
    'gamma': (0.8, 1.2), 'beta': (-0.2, 0.3), 'moving_mean': (-0.2, 0.2), 'moving_variance': (0.6, 1.4),
    'bias': (-0.1, 0.1),
}


def value_range(leaf, shape):
    if leaf in RANGES:
        return RANGES[leaf]
    fan_in = math.prod(shape[:2]) if len(shape) == 4 and shape[3] == 1 else math.prod(shape[:-1])
    bound = round(math.sqrt(6 / fan_in), 4)
    return -bound, bound


models = []


def add(title, resolution, model):
    tensors = []
    for weight in model.weights:
        if 'seed' in weight.path:
            continue
        path = '/'.join(weight.path.split('/')[-2:])
        low, high = value_range(path.split('/')[-1], tuple(weight.shape))
        tensors.append([path, list(weight.shape), low, high])
        weight.assign(values(path, tuple(weight.shape), low, high))
    outputs = []
    for number, (low, high) in enumerate(((-1, 1), (-0.4, 1.6))):
        picture = values(f'picture {number}', (resolution, resolution, 3), low, high)
        with torch.no_grad():
            output = model(torch.from_numpy(picture)[None], training=False).cpu().numpy().ravel()
        outputs.append([float(f'{x:.7g}') for x in output])
    difference = np.abs(np.subtract(*outputs)).max() / np.abs(outputs).max()
    assert difference > 0.012, (title, difference)
    print(f'{title}: {len(tensors)} tensors, difference {difference:.3f}', file=sys.stderr)
    models.append(dict(title=title, resolution=resolution, topology=json.loads(model.to_json()), tensors=tensors,
                       outputs=outputs))


keras.backend.clear_session()
base = keras.applications.MobileNetV2(input_shape=(64, 64, 3), alpha=0.35, weights=None, include_top=False)
add('a model within a sequential one', 64, keras.Sequential([
    layers.Input((64, 64, 3)), base, layers.GlobalAveragePooling2D(), layers.Dropout(0.2),
    layers.Dense(16, activation='relu'), layers.Dense(5, activation='softmax'),
]))

keras.backend.clear_session()
first = x = layers.Input((32, 32, 3))
x = layers.Conv2D(8, 3, use_bias=False)(x)
x = layers.Activation('relu')(layers.BatchNormalization(epsilon=1e-5)(x))
for width in (16, 24):
    shortcut = layers.BatchNormalization()(layers.Conv2D(width, 1, strides=2, padding='same', use_bias=False)(x))
    x = layers.SeparableConv2D(width, 3, padding='same', use_bias=False)(x)
    x = layers.Activation('relu')(layers.BatchNormalization()(x))
    x = layers.SeparableConv2D(width, 3, padding='same', use_bias=True)(x)
    x = layers.MaxPooling2D(3, strides=2, padding='same')(layers.BatchNormalization(scale=False)(x))
    x = layers.Add()([x, shortcut])
x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, padding='same')(x))
add('a small Xception', 32, keras.Model(first, x))

keras.backend.clear_session()
first = x = layers.Input((33, 33, 3))
x = layers.Rescaling(0.5, offset=0.25)(x)
x = layers.Conv2D(8, 3, strides=2, padding='valid', activation='relu6')(layers.ZeroPadding2D(((0, 1), (0, 1)))(x))
x = layers.DepthwiseConv2D(5, strides=2, padding='same', activation='silu')(x)
factors = layers.GlobalAveragePooling2D(keepdims=True)(x)
factors = layers.Conv2D(8, 1, activation='sigmoid')(layers.Conv2D(2, 1, activation='swish')(factors))
x = layers.Multiply()([x, factors])
x = layers.Dense(6, activation='relu')(layers.Flatten()(x))
add('squeeze and excitation, a dense layer over a map', 33, keras.Model(first, layers.Dense(3)(x)))

made = json.dumps({'models': models}, separators=(',', ':')).encode()
with open(OUT, 'wb') as file, gzip.GzipFile(fileobj=file, mode='wb', mtime=0, filename='') as packed:
    packed.write(made)
