"""Writes tflite-operators/*.tflite, small graphs of the operators that converters make of ordinary networks, and
tflite-operators.json with what LiteRT's interpreter (without delegates) gives for one seeded input each.

    python3 -m venv venv && venv/bin/pip install tensorflow-cpu==2.21.0 ai-edge-litert==2.3.0
    venv/bin/python tflite_operators.py

Weights are seeded and mean nothing. Inputs are real values in -1...1, height x width x channels.
"""

import json
import pathlib

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType

HERE = pathlib.Path(__file__).parent
SIDE = 8
random = np.random.default_rng(12)


def weights(*shape):
    return tf.constant(random.normal(0, 0.5, shape).astype(np.float32))


def conv(x, out=6, size=3, **options):
    kernel = weights(size, size, x.shape[-1], out)
    return tf.nn.bias_add(tf.nn.conv2d(x, kernel, options.pop("strides", 1), options.pop("padding", "SAME"), **options), weights(out))


def head(x, classes=4):
    if len(x.shape) == 4:
        x = tf.reduce_mean(x, [1, 2])
    return tf.nn.softmax(tf.matmul(x, weights(x.shape[-1], classes)))


def squeeze_excite(x):
    y = conv(x)
    gate = tf.reduce_mean(y, [1, 2], keepdims=True)
    return head(y * tf.nn.sigmoid(conv(tf.nn.relu(conv(gate, 2, 1)), 6, 1)))


def hard_swish(x):
    return x * tf.nn.relu6(x + 3.0) * (1 / 6)


def prelu_model():
    layers = tf.keras.layers
    tf.keras.utils.set_random_seed(3)
    slopes = tf.constant_initializer(0.1 * np.arange(1, 7))
    stack = [tf.keras.Input((SIDE, SIDE, 3), batch_size=1), layers.Conv2D(6, 3, padding="same"), layers.PReLU(slopes, shared_axes=[1, 2])]
    return tf.keras.Sequential([*stack, layers.GlobalMaxPooling2D(), layers.Dense(4, activation="softmax")])


def maximum_minimum(x):
    y = conv(x)
    return head(tf.maximum(y, conv(y)) - tf.minimum(y, 0.5 * y))


MODELS = {
    "front-sub-mul": lambda x: head(conv((x - 0.25) * 2.0)),
    "batch-norm-left": lambda x: head(tf.nn.relu(conv(x)[:, :, :, :] + conv(x)) * weights(6) + weights(6)),
    "hard-swish": lambda x: head(hard_swish(conv(x))),
    "leaky-elu-tanh": lambda x: head(tf.tanh(conv(tf.nn.elu(conv(tf.nn.leaky_relu(conv(x), 0.3)))))),
    "gelu": lambda x: head(tf.nn.gelu(conv(tf.nn.gelu(conv(x))), approximate=True)),
    "prelu": prelu_model(),
    "concatenation": lambda x: head(tf.concat([conv(x), conv(x, 4, 1), tf.nn.max_pool2d(conv(x, 2), 3, 1, "SAME")], -1)),
    "maximum-minimum": maximum_minimum,
    "squeeze-excite": squeeze_excite,
    "resize-half-pixel": lambda x: head(conv(tf.image.resize(x, [11, 5]))),
    "resize-align-corners": lambda x: head(conv(tf.compat.v1.image.resize_bilinear(conv(x), [12, 6], align_corners=True))),
    "resize-nearest": lambda x: head(conv(tf.compat.v1.image.resize_nearest_neighbor(conv(x), [13, 3]))),
    "resize-nearest-half-pixel": lambda x: head(conv(tf.compat.v1.image.resize_nearest_neighbor(conv(x), [13, 5], half_pixel_centers=True))),
    "crop-and-pad": lambda x: head(conv(tf.pad(conv(x)[:, 1:-1, 2:, :], [[0, 0], [1, 2], [0, 1], [0, 0]]), strides=2, padding="VALID")),
    "pad-constant": lambda x: head(tf.nn.max_pool2d(tf.pad(conv(x), [[0, 0], [1, 1], [1, 1], [0, 0]], constant_values=-1.5), 3, 2, "VALID")),
    "pad-pool": lambda x: head(tf.nn.max_pool2d(tf.pad(conv(x), [[0, 0], [1, 1], [1, 1], [0, 0]]), 3, 2, "VALID")),
    "split": lambda x: head(tf.concat(tf.split(conv(x), 3, -1)[::-1], -1)),
    "channel-slice": lambda x: head(conv(x)[:, :, :, 1:4]),
    "mean-two-steps": lambda x: head(tf.reduce_mean(tf.reduce_mean(conv(x), 1), 1)),
    "mean-of-rows": lambda x: head(tf.reduce_max(tf.reduce_mean(conv(x), 1, keepdims=True), [1, 2])),
    "sum-and-max": lambda x: head(tf.concat([0.1 * tf.reduce_sum(conv(x), [1, 2]), tf.reduce_max(conv(x), [1, 2])], -1)),
    "average-pools": lambda x: head(tf.nn.avg_pool2d(tf.nn.avg_pool2d(conv(x), 3, 2, "SAME"), [2, 3], [1, 2], "VALID")),
    "oblong-pool": lambda x: head(tf.nn.max_pool2d(conv(x), [2, 3], [2, 1], "VALID")),
    "oblong-conv": lambda x: head(tf.nn.conv2d(conv(x), weights(1, 5, 6, 5), [1, 2], "SAME")),
    "grouped-conv": lambda x: head(tf.nn.conv2d(conv(x), weights(3, 3, 2, 9), 1, "SAME")),
    "depth-multiplier": lambda x: head(tf.nn.depthwise_conv2d(x, weights(3, 3, 3, 2), [1, 2, 2, 1], "SAME")),
    "log-softmax": lambda x: tf.nn.log_softmax(tf.matmul(tf.reduce_mean(conv(x), [1, 2]), weights(6, 4))),
    "flatten-then-norm": lambda x: head(tf.nn.relu(tf.reshape(conv(x, 2, 3, strides=2), [1, 32]) * weights(32) + weights(32))),
    "flatten-concat": lambda x: head(tf.concat([tf.reshape(conv(x, 2, 3, strides=2), [1, 32]), tf.reduce_mean(x, [1, 2])], -1)),
    "pixels-in-a-row": lambda x: head(tf.reduce_mean(tf.reshape(conv(x), [1, 64, 6]), 1)),
    "channels-first": lambda x: head(conv(tf.transpose(x, [0, 2, 3, 1]))),
    "one-logit": lambda x: tf.matmul(tf.reduce_mean(conv(x), [1, 2]), weights(6, 1)),
    "several-sigmoids": lambda x: tf.sigmoid(tf.matmul(tf.reduce_mean(conv(x), [1, 2]), weights(6, 3))),
    "shape-of-the-input": lambda x: head(tf.reshape(conv(x), tf.stack([tf.shape(x)[0], 64 * 6]))),
}


def convert(name, function):
    shape = [1, 3, SIDE, SIDE] if name == "channels-first" else [1, SIDE, SIDE, 3]
    if isinstance(function, tf.keras.Model):
        converter = tf.lite.TFLiteConverter.from_keras_model(function)
    else:
        concrete = tf.function(function).get_concrete_function(tf.TensorSpec(shape, tf.float32))
        converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], tf.Module())
    content = converter.convert()
    values = np.round(random.uniform(-1, 1, (SIDE, SIDE, 3)), 4).astype(np.float32)
    lite = Interpreter(model_content=content, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    lite.allocate_tensors()
    given = np.moveaxis(values, -1, 0) if name == "channels-first" else values
    lite.set_tensor(lite.get_input_details()[0]["index"], given[None])
    lite.invoke()
    output = lite.get_tensor(lite.get_output_details()[0]["index"]).reshape(-1)
    operators = sorted({operation["op_name"] for operation in lite._get_ops_details()})
    (HERE / "tflite-operators" / f"{name}.tflite").write_bytes(content)
    return {"operators": operators, "input": [round(float(x), 4) for x in values.reshape(-1)], "output": [float(x) for x in output]}


(HERE / "tflite-operators").mkdir(exist_ok=True)
golden = {name: convert(name, function) for name, function in MODELS.items()}
(HERE / "tflite-operators.json").write_text(json.dumps(golden) + "\n")
print(sorted({each for model in golden.values() for each in model["operators"]}))
