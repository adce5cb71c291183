"""
Makes keras-layers.json.gz: small models of the layers that notebooks use, as Keras 3 and Keras 2 describe them, the names
and shapes of their weights, and what they give for two pictures. Values are made from names as in families.py.

    pip install tensorflow-cpu tf_keras
    python test/golden/keras_layers.py

Made with keras 3.15.1 and tf_keras 2.21.0 on tensorflow 2.21.0.
"""
import gzip
import json
import math
import os
import sys

os.environ.setdefault('KERAS_BACKEND', 'tensorflow')
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
os.environ.setdefault('TF_ENABLE_ONEDNN_OPTS', '0')
import keras as k3
import numpy as np
import tensorflow as tf
import tf_keras as k2

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'keras-layers.json.gz')


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
    'bias': (-0.3, 0.3), 'alpha': (0.05, 0.6), 'mean': (100, 140), 'variance': (2500, 4500),
}


def value_range(leaf, shape):
    if leaf in RANGES:
        return RANGES[leaf]
    fan_in = math.prod(shape[:2]) if leaf == 'depthwise_kernel' else math.prod(shape[:-1])
    bound = round(math.sqrt(9 / fan_in), 4)
    return -bound, bound


models = []


def model(title, versions=(3, 2), size=(12, 12, 3), feed='bytes'):
    """`feed`: bytes 0…255, or floats in −1…1."""

    def register(build):
        for version in versions:
            k = k3 if version == 3 else k2
            k.backend.clear_session()
            add(f'{title} (Keras {version})', version, build(k, k.Input(size)), size, feed)
        return build

    return register


def add(title, version, net, size, feed):
    tensors = []
    for weight in net.weights:
        name = weight.path if version == 3 else weight.name.replace(':0', '')
        shape = tuple(weight.shape)
        leaf = name.split('/')[-1]
        if leaf == 'count' or 'seed' in name:
            continue
        low, high = value_range(leaf, shape)
        tensors.append([name, list(shape), low, high])
        weight.assign(values(name, shape, low, high))
    for layer in net.layers:
        if layer.__class__.__name__ == 'Normalization' and layer.weights:
            layer.finalize_state()
    outputs = []
    for number in range(2):
        low, high = ((0, 255), (90, 250))[number] if feed == 'bytes' else ((-1, 1), (-0.4, 1.6))[number]
        picture = values(f'picture {number}', size, low, high)
        output = np.asarray(net(picture[None], training=False)).ravel()
        outputs.append([float(f'{x:.7g}') for x in output])
    difference = np.abs(np.subtract(*outputs)).max() / np.abs(outputs).max()
    print(f'{title}: {len(tensors)} tensors, {len(outputs[0])} values, difference {difference:.3f}', file=sys.stderr)
    assert difference > 0.01 and np.isfinite(outputs).all(), title
    config = json.loads(net.to_json())
    models.append(dict(title=title, kerasVersion=config['keras_version'] if version == 2 else k3.__version__,
                       size=size, feed=feed, config=config, tensors=tensors, outputs=outputs))


def head(k, i, x, classes=4):
    return k.Model(i, k.layers.Dense(classes, name='classes')(k.layers.GlobalAveragePooling2D()(x)))


@model('activations by name')
def _(k, i):
    L = k.layers
    x = L.Rescaling(1 / 127.5, -1)(i)
    names = ['elu', 'selu', 'softplus', 'softsign', 'tanh', 'swish', 'gelu', 'relu6', 'hard_sigmoid', 'sigmoid', 'mish']
    if k is k3:
        names += ['hard_silu', 'leaky_relu', 'silu', 'hard_tanh', 'log_sigmoid', 'hard_swish', 'celu']
    x = L.Concatenate()([L.Conv2D(3, 1 + index % 2, padding='same', activation=name)(x) for index, name in enumerate(names)])
    return head(k, i, L.Dense(6, activation='exponential')(x))


@model('activations as layers')
def _(k, i):
    L = k.layers
    x = L.Rescaling(1 / 127.5, -1)(i)
    slope = dict(negative_slope=0.15) if k is k3 else dict(alpha=0.15)
    layers = [L.LeakyReLU(**slope), L.LeakyReLU(), L.ELU(0.4), L.ReLU(), L.ReLU(6.0), L.ReLU(max_value=1.25),
                  L.ReLU(negative_slope=0.1), L.ReLU(2.0, 0.2, 0.3), L.ReLU(threshold=0.2), L.PReLU(),
                  L.PReLU(shared_axes=[1, 2]), L.PReLU(shared_axes=[1]), L.Activation('selu')]
    if k is k2:
        layers.append(L.ThresholdedReLU(0.1))
    x = L.Concatenate()([layer(L.Conv2D(2, 3, strides=2)(x)) for layer in layers])
    x = L.PReLU()(L.Dense(5, activation=L.LeakyReLU(**slope))(L.Flatten()(x)))
    return k.Model(i, L.Softmax()(L.Dense(4)(x)))


@model('windows', size=(14, 14, 3), feed='floats')
def _(k, i):
    L = k.layers
    x = L.Conv2D(6, (3, 2), strides=(1, 2), padding='same')(i)
    x = L.Conv2D(6, 3, dilation_rate=(2, 1), padding='same', groups=2)(L.ZeroPadding2D(((1, 0), (2, 1)))(x))
    x = L.DepthwiseConv2D(2, depth_multiplier=2, padding='same', strides=1, activation='relu')(x)
    x = L.DepthwiseConv2D((3, 3), dilation_rate=2, padding='same')(x)
    x = L.SeparableConv2D(7, (2, 3), depth_multiplier=2, padding='same', activation='tanh')(x)
    x = L.Cropping2D(((1, 2), (0, 1)))(x)
    x = L.Concatenate()([L.AveragePooling2D(3, 2, 'same')(x), L.MaxPooling2D((2, 3), 2, 'same')(x)])
    x = L.UpSampling2D((2, 3))(x)
    x = L.UpSampling2D(2, interpolation='bilinear')(x)
    x = L.MaxPooling2D(3)(L.AveragePooling2D((3, 2))(L.ZeroPadding2D(1)(x)))
    return k.Model(i, L.Dense(5)(L.Flatten()(x)))


@model('merges, rows and keepdims')
def _(k, i):
    L = k.layers
    x = L.Conv2D(6, 3, strides=2, activation='relu')(L.Rescaling(1 / 255)(i))
    branch = lambda size: L.Conv2D(6, size, padding='same')(x)
    y = L.Concatenate()([L.Add()([x, branch(1), branch(3)]), L.Subtract()([branch(1), x]), L.Multiply()([branch(1), x]),
                         L.Average()([x, branch(1), branch(3)]), L.Maximum()([x, branch(1)]), L.Minimum()([branch(3), x])])
    s = L.Conv2D(36, 1, activation='sigmoid')(L.GlobalAveragePooling2D(keepdims=True)(y))
    y = L.Multiply()([s, y])
    s = L.Reshape((1, 1, 36))(L.Dense(36, activation='hard_sigmoid')(L.GlobalMaxPooling2D()(y)))
    y = L.Multiply()([y, s])
    v = L.Concatenate()([L.Flatten()(L.MaxPooling2D(2)(x)), L.GlobalMaxPooling2D()(y), L.Reshape((-1,))(L.AveragePooling2D(2)(x))])
    v = L.BatchNormalization(scale=False)(L.Dropout(0.5)(v))
    v = L.Add()([L.Dense(5, use_bias=False)(v), L.Dense(5, activation='relu')(v)])
    return k.Model(i, L.Dense(3, activation='sigmoid')(v))


@model('preprocessing in front', size=(20, 20, 3))
def _(k, i):
    L = k.layers
    x = L.RandomFlip()(L.Permute((1, 2, 3))(i))
    x = L.Resizing(11, 13)(L.RandomRotation(0.1)(x))
    x = L.Normalization()(x)
    x = L.Rescaling([0.5, 0.25, 1.5], [0.1, 0, -0.2])(x)
    x = L.GaussianNoise(0.2)(L.Conv2D(5, 3, activation='relu')(x))
    return head(k, i, L.SpatialDropout2D(0.2)(L.BatchNormalization(epsilon=0.01)(x)))


@model('normalisation as stated, nearest', size=(10, 10, 1))
def _(k, i):
    L = k.layers
    x = L.Normalization(axis=None, mean=110.0, variance=2400.0)(i)
    x = L.Resizing(17, 7, interpolation='nearest')(x)
    return head(k, i, L.Conv2D(5, 3, activation='relu')(x))


@model('operations of Keras 3', versions=(3,))
def _(k, i):
    L, o = k.layers, k.ops
    x = (i / 255.0 - np.float32([0.5, 0.4, 0.3])) * 4.0
    x = L.Conv2D(6, 3)(1.0 - x)
    x = x + L.Conv2D(6, 1)(x) * o.sigmoid(x)
    x = o.concatenate([o.relu(x), o.maximum(x, 0.25), o.minimum(-x, x), o.clip(x, -0.5, 0.75)], axis=-1)
    x = o.gelu(L.Conv2D(5, 1)(x)) + o.leaky_relu(L.Conv2D(5, 1)(x), 0.3) - o.square(L.Conv2D(5, 1)(x))
    return k.Model(i, L.Dense(4)(o.mean(x, axis=(1, 2)) + o.max(x, axis=[1, 2])))


@model('operations of Keras 2', versions=(2,))
def _(k, i):
    L = k.layers
    x = tf.math.subtract(tf.math.multiply(tf.cast(i, tf.float32), 1 / 127.5), [1.0, 0.9, 0.8])
    x = L.Conv2D(6, 3)(1.0 - x)
    x = tf.nn.relu(x + L.Conv2D(6, 1)(x) * tf.nn.sigmoid(x))
    x = tf.concat([x, tf.nn.leaky_relu(L.Conv2D(3, 1)(x), 0.1), tf.clip_by_value(x, 0.1, 0.6)], axis=-1)
    x = tf.image.resize(x, (7, 9)) / 1.5
    return k.Model(i, L.Dense(4)(tf.reduce_mean(x, axis=[1, 2]) - tf.math.reduce_max(x, axis=[1, 2])))


@model('channels turned round, the mean taken away')
def _(k, i):
    x = k.applications.resnet50.preprocess_input(i)
    return head(k, i, k.layers.Conv2D(5, 3, activation='relu')(x))


@model("preprocessing of densenet's kind")
def _(k, i):
    x = k.applications.densenet.preprocess_input(i)
    return head(k, i, k.layers.Conv2D(5, 3, activation='relu')(x))


@model("hard swish as MobileNetV3 of keras.applications makes it")
def _(k, i):
    L = k.layers
    hard_sigmoid = lambda x: L.ReLU(6.0)(x + 3.0) * (1.0 / 6.0)
    x = L.BatchNormalization()(L.Conv2D(6, 3, use_bias=False)(L.Rescaling(1 / 127.5, -1)(i)))
    x = L.Multiply()([x, hard_sigmoid(x)])
    s = L.Conv2D(4, 1, activation='relu')(L.GlobalAveragePooling2D(keepdims=True)(x))
    x = L.Multiply()([x, hard_sigmoid(L.Conv2D(6, 1)(s))])
    return head(k, i, x)


@model('layers and models that are used twice', feed='floats')
def _(k, i):
    L = k.layers
    conv, dense = L.Conv2D(3, 3, padding='same', name='both'), L.Dense(4, name='twice')
    a = k.Input((12, 12, 3))
    y = L.ReLU()(L.Conv2D(3, 3, padding='same', name='inner')(a))
    inner = k.Model(a, [y, L.GlobalMaxPooling2D()(y)], name='within')
    shared = k.Sequential([L.Conv2D(3, 1, name='first'), L.ELU()], name='shared')
    x = L.Add()([i, shared(conv(i))])
    x, v = inner(L.Add()([x, shared(conv(x))]))
    z, w = inner(x)
    return k.Model(i, L.Concatenate()([dense(v), dense(w), L.GlobalAveragePooling2D()(z)]))


made = json.dumps({'models': models}, separators=(',', ':')).encode()
with open(OUT, 'wb') as file, gzip.GzipFile(fileobj=file, mode='wb', mtime=0, filename='') as packed:
    packed.write(made)
