"""Writes frozen-graphs/*.pb and frozen-graphs.json: small frozen TensorFlow graphs with seeded random weights, such as
retrain.py, freeze_graph and convert_variables_to_constants write, with what TensorFlow gives for two pictures.

Picture p of height × width × 3 has (h × width + w) × 3 + c = i: sin(i × 12.9898 + p × 78.233) × 43758.5453, of which the
fraction is taken (0 … 1), in single precision; `scale` in the JSON multiplies it (256: bytes, rounded down).

    pip install tensorflow
    python test/golden/frozen_graphs.py
"""

import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
tf1.disable_eager_execution()
raw = tf.raw_ops
here = pathlib.Path(__file__).parent
folder = here / "frozen-graphs"
folder.mkdir(exist_ok=True)
rng = np.random.default_rng(11)
golden = {}
SIDE = 24


def picture(index):
    i = np.arange(SIDE * SIDE * 3, dtype=np.float64)
    value = np.sin(i * 12.9898 + index * 78.233) * 43758.5453
    return (value - np.floor(value)).astype(np.float32).reshape(1, SIDE, SIDE, 3)


def random(*shape, scale=0.5):
    return (rng.standard_normal(shape) * scale).astype(np.float32)


def variable(name, values, dtype=tf.float32):
    """As freezing leaves a variable: a constant, and an Identity that reads it."""
    return tf.identity(tf1.constant(values, dtype, name=name), name=f"{name}/read")


def record(name, graph, feed, output, scale=1, strip=(), patch=lambda definition: None):
    definition = graph.as_graph_def()
    for node in definition.node:
        for attribute in strip:
            node.attr.pop(attribute, None)
    patch(definition)
    (folder / f"{name}.pb").write_bytes(definition.SerializeToString(deterministic=True))
    with tf1.Session(graph=graph) as session:
        outputs = []
        for index in range(2):
            x = picture(index) * np.float32(scale)
            if scale == 256:
                x = np.floor(x)
            x = x.astype(graph.get_tensor_by_name(feed).dtype.as_numpy_dtype)
            outputs.append([float(value) for value in session.run(output, {feed: x}).ravel()])
    golden[name] = {"scale": scale, "outputs": outputs}


def statistics(channels):
    return random(channels) + 1, random(channels), random(channels), np.abs(random(channels)) + 0.5


# TF-slim as retrain.py leaves it: batch norms in single operators, a bottleneck, a head of its own.
with tf.Graph().as_default() as graph:
    x = tf1.placeholder(tf.float32, [None, SIDE, SIDE, 3], name="input")
    channels = 3
    for block, (outputs, stride) in enumerate([(8, 2), (12, 1), (300, 2)]):
        scope = f"MobilenetV1/Conv2d_{block}"
        if block == 1:
            weights = variable(f"{scope}/depthwise_weights", random(3, 3, channels, 1))
            x = tf1.nn.depthwise_conv2d_native(x, weights, [1, 2, 2, 1], "SAME", name=f"{scope}/depthwise")
            outputs = channels
        else:
            side = 3 if block == 0 else 1
            weights = variable(f"{scope}/weights", random(side, side, channels, outputs, scale=0.2))
            x = tf1.nn.conv2d(x, weights, [1, stride, stride, 1], "SAME", name=f"{scope}/convolution")
        gamma, beta, mean, variance = (
            variable(f"{scope}/BatchNorm/{part}", values)
            for part, values in zip(("gamma", "beta", "moving_mean", "moving_variance"), statistics(outputs))
        )
        norm = f"{scope}/BatchNorm/batchnorm"
        shifted = raw.Add(x=variance, y=tf1.constant(0.001, name=f"{norm}/add/y"), name=f"{norm}/add")
        factor = tf.multiply(tf1.rsqrt(shifted, name=f"{norm}/Rsqrt"), gamma, name=f"{norm}/mul")
        offset = tf.subtract(beta, tf.multiply(mean, factor), name=f"{norm}/sub")
        x = raw.Add(x=tf.multiply(x, factor, name=f"{norm}/mul_1"), y=offset, name=f"{norm}/add_1")
        x = tf1.nn.relu6(x, name=f"{scope}/Relu6")
        channels = outputs
    x = tf1.nn.avg_pool(x, [1, 3, 3, 1], [1, 2, 2, 1], "VALID", name="AvgPool_1a")
    x = tf.identity(x, name="Dropout_1b/Identity")
    weights, bias = variable("Logits/weights", random(1, 1, channels, 9, scale=0.05)), variable("Logits/biases", random(9))
    x = tf1.nn.bias_add(tf1.nn.conv2d(x, weights, [1, 1, 1, 1], "SAME"), bias)
    x = tf1.squeeze(x, [1, 2], name="SpatialSqueeze")
    x = tf.reshape(x, [-1, 9], name="Predictions/Reshape")
    x = tf1.placeholder_with_default(x, [None, 9], name="input_1/BottleneckInputPlaceholder")
    matrix, bias = variable("final/weights", random(9, 4, scale=0.2)), variable("final/biases", random(4))
    x = raw.Add(x=tf.matmul(x, matrix), y=bias)
    result = tf1.nn.softmax(x, name="final_result")
record("retrained", graph, "input:0", result)

# Inception of 2015 as retrain.py leaves it: it begins with a file, has batch norms of their own kind, and joins maps.
with tf.Graph().as_default() as graph:
    contents = tf1.constant(b"", name="DecodeJpeg/contents")
    decoded = tf1.image.decode_jpeg(contents, channels=3, name="DecodeJpeg")
    x = tf.expand_dims(tf.cast(decoded, tf.float32, name="Cast"), 0, name="ExpandDims")
    resized = tf1.image.resize_bilinear(x, [SIDE, SIDE], name="ResizeBilinear")
    x = raw.Mul(x=raw.Sub(x=resized, y=tf1.constant(128.0), name="Sub"), y=tf1.constant(1 / 128), name="Mul")
    x = tf1.nn.conv2d(x, tf1.constant(random(3, 3, 3, 6)), [1, 2, 2, 1], "VALID", name="conv/Conv2D")
    gamma, beta, mean, variance = statistics(6)
    ones = np.ones(6, np.float32)
    x = raw.FusedBatchNorm(
        x=x, scale=ones, offset=beta, mean=mean, variance=variance, epsilon=0.001, is_training=False, name="conv/batchnorm"
    )[0]
    x = tf1.check_numerics(x, "x", name="conv/CheckNumerics")
    x = tf1.nn.relu(x)
    one = tf1.nn.max_pool(x, [1, 3, 3, 1], [1, 1, 1, 1], "SAME")
    two = tf1.nn.avg_pool(x, [1, 3, 3, 1], [1, 1, 1, 1], "SAME")
    three = tf1.nn.conv2d(x, tf1.constant(random(1, 7, 6, 5, scale=0.2)), [1, 1, 1, 1], "SAME")
    x = raw.Concat(concat_dim=tf1.constant(3), values=[one, two, three], name="mixed/join")
    x = tf1.nn.avg_pool(x, [1, 11, 11, 1], [1, 1, 1, 1], "VALID", name="pool_3")
    x = tf.reshape(x, tf1.constant([1, 17]), name="pool_3/_reshape")
    x = tf1.placeholder_with_default(x, [None, 17], name="input/BottleneckInputPlaceholder")
    x = tf.add(tf.matmul(x, tf1.constant(random(17, 3, scale=0.3))), tf1.constant(random(3)))
    result = tf1.nn.softmax(x, name="final_result")


def use_old_norm(definition):
    """TensorFlow still runs the operator, but no longer makes it."""
    node = next(each for each in definition.node if each.op == "FusedBatchNorm")
    x, scale, offset, mean, variance = node.input
    node.op = "BatchNormWithGlobalNormalization"
    node.input[:] = [x, mean, variance, offset, scale]
    for attribute in [each for each in node.attr if each != "T"]:
        del node.attr[attribute]
    node.attr["variance_epsilon"].f = 0.001
    node.attr["scale_after_normalization"].b = False


record("decoder", graph, "ResizeBilinear:0", result, scale=256, patch=use_old_norm)

# A training graph that was frozen as it is: dropout, labels, a loss, a score; the classes have one name among them.
with tf.Graph().as_default() as graph:
    images = tf1.placeholder(tf.uint8, [None, None, None, 3], name="image_tensor")
    truth = tf1.placeholder(tf.int64, [None], name="truth")
    keep = tf1.placeholder_with_default(tf1.constant(1.0), [], name="keep_prob")
    x = tf.cast(images, tf.float32) / 255.0
    half = tf.cast(tf1.constant(random(3, 3, 3, 7), tf.float16), tf.float32)
    x = tf1.nn.conv2d(x, half, [1, 1, 1, 1], "SAME", dilations=[1, 2, 2, 1])
    gamma, beta, mean, variance = statistics(7)
    x = raw.FusedBatchNorm(x=x, scale=gamma, offset=np.full(7, 0.25, np.float32), mean=mean, variance=variance, is_training=False)[0]
    x = tf1.nn.leaky_relu(x, 0.1)
    x = tf1.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
    x = tf1.nn.conv2d(x, tf1.constant(random(3, 3, 7, 8)), [1, 2, 2, 1], "VALID")
    x = tf1.nn.bias_add(x, tf1.constant(random(8)))
    x = x + tf1.nn.relu(x)
    x = tf.reduce_mean(x, [1, 2])
    x = tf1.nn.dropout(x, keep_prob=keep, name="dropout")
    logits = tf.matmul(x, tf1.constant(random(8, 5, scale=0.3)), name="logits")
    result = tf1.nn.softmax(logits, name="classes")
    tf.reduce_mean(tf1.nn.sparse_softmax_cross_entropy_with_logits(labels=truth, logits=logits), name="loss")
    tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), truth), tf.float32), name="accuracy")
record("training", graph, "image_tensor:0", result, scale=256)

# What TensorFlow 2 freezes: version 3 of the batch norm, AddV2, no attributes that are as usual, two outputs.
with tf.Graph().as_default() as graph:
    x = tf1.placeholder(tf.float32, [None, SIDE, SIDE, 3], name="x")
    x = tf.nn.conv2d(x, random(5, 5, 3, 8, scale=0.2), 3, "SAME")
    gamma, beta, mean, variance = statistics(8)
    x = raw.FusedBatchNormV3(x=x, scale=gamma, offset=beta, mean=mean, variance=variance, epsilon=0.001, is_training=False)[0]
    # Keras's swish, which has a gradient of its own.
    x = raw.AddV2(x=tf.identity_n([tf.nn.sigmoid(x) * x, x])[0], y=x)
    with tf.control_dependencies([x.op] * 3):
        tf.no_op(name="init")
    x = tf.reduce_mean(x, [1, 2], name="features")
    one = tf.nn.softmax(tf.matmul(x, random(8, 6, scale=2)) + random(6), name="kind")
    two = tf.nn.softmax(tf.matmul(x, random(8, 3, scale=2)) + random(3), name="colour")
record("two-outputs", graph, "x:0", two, strip=["_output_shapes", "data_format"])


def refuse(name, make):
    with tf.Graph().as_default() as graph:
        x = tf1.placeholder(tf.float32, [1, SIDE, SIDE, 3], name="x")
        x = make(tf1.nn.conv2d(x, tf1.constant(random(1, 1, 3, 8)), [1, 1, 1, 1], "SAME"))
        tf1.nn.softmax(tf.reduce_mean(x, [1, 2]), name="classes")
    (folder / f"{name}.pb").write_bytes(graph.as_graph_def().SerializeToString(deterministic=True))


ones = np.ones(8, np.float32)
refuse("refused-operator", lambda x: tf1.nn.lrn(x, name="norm"))
refuse("refused-training", lambda x: raw.FusedBatchNormV3(x=x, scale=ones, offset=ones, mean=ones, variance=ones)[0])
refuse("refused-split", lambda x: tf.split(x, 2, 3)[1])
refuse("refused-input", lambda x: x * tf1.placeholder(tf.float32, [], name="factor"))

(here / "frozen-graphs.json").write_text(json.dumps(golden, indent=1) + "\n")
print({name: [round(value, 3) for value in each["outputs"][0]] for name, each in golden.items()})
