"""Writes keras-hdf5/* and keras-hdf5.json: one small model as Keras 3 saves it (.keras, .weights.h5, the older .h5) and,
by h5py, as Keras 1 and 2 did; with what Keras gives for two pictures.

    pip install keras torch h5py
    KERAS_BACKEND=torch python test/golden/keras_hdf5.py
"""

import json
import os

os.environ["KERAS_BACKEND"] = "torch"
import h5py
import keras
import numpy as np
from keras import layers

here = os.path.dirname(os.path.abspath(__file__))
folder = os.path.join(here, "keras-hdf5")
os.makedirs(folder, exist_ok=True)
rng = np.random.default_rng(11)

picture = keras.Input((9, 9, 3), name="picture")
x = layers.Conv2D(6, 3, strides=2, padding="same", use_bias=False, name="stem")(picture)
x = layers.BatchNormalization(name="stem_bn")(x)
x = layers.ReLU(6.0, name="stem_relu")(x)
y = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="deep")(x)
y = layers.BatchNormalization(scale=False, epsilon=0.01, name="deep_bn")(y)
y = layers.Activation("relu", name="deep_relu")(y)
y = layers.SeparableConv2D(6, 3, padding="same", name="both")(y)
x = layers.Add(name="sum")([x, y])
x = layers.GlobalAveragePooling2D(name="mean")(x)
x = layers.Dense(4, activation="softmax", name="classes")(x)
model = keras.Model(picture, x, name="small")
for weight in model.weights:
    low, high = (0.3, 1.5) if "variance" in weight.path else (-0.6, 0.6)
    weight.assign(rng.uniform(low, high, weight.shape).astype(np.float32))

model.save(os.path.join(folder, "three.keras"))
model.save_weights(os.path.join(folder, "three.weights.h5"))
model.save(os.path.join(folder, "three.h5"))

values = {}
for layer in model.layers:
    for weight in layer.weights:
        values[f"{layer.name}/{weight.name}"] = np.asarray(weight.numpy())

# Keras 2 with TensorFlow 1 put a number behind a scope that was taken, and saved the optimiser beside the weights.
with h5py.File(os.path.join(folder, "two.h5"), "w") as file:
    file.attrs["keras_version"] = np.bytes_("2.0.5")
    file.attrs["model_config"] = np.bytes_(json.dumps({"class_name": "Model"}))
    for name, value in values.items():
        layer, parameter = name.split("/")
        file.create_dataset(f"model_weights/{layer}/{layer}_1/{parameter}:0", data=value)
        file.create_dataset(f"optimizer_weights/{layer}/{parameter}:0", data=value * 0)
    file.create_dataset("optimizer_weights/iterations:0", data=np.int64(7))

# Keras 1: the layer's name in front of the parameter's; compressed here, as some repositories keep them.
old = {"kernel": "W", "bias": "b", "moving_mean": "running_mean", "moving_variance": "running_std"}
with h5py.File(os.path.join(folder, "one.h5"), "w") as file:
    for name, value in values.items():
        layer, parameter = name.split("/")
        path = f"{layer}/{layer}_{old.get(parameter, parameter)}:0"
        file.create_dataset(path, data=value.astype(np.float64), compression="gzip")

# What must not be followed or believed.
with h5py.File(os.path.join(folder, "links.h5"), "w") as file:
    file["outside"] = h5py.ExternalLink("/etc/hostname", "/x")
    file.create_dataset("raw", (4,), np.float32, external=[("/etc/hostname", 0, 16)])
    file.create_dataset("good/kernel:0", data=np.ones(3, np.float32))
with h5py.File(os.path.join(folder, "huge.h5"), "w") as file:
    file.create_dataset("huge/kernel:0", (30000, 30000), np.float32, chunks=(100, 100), compression="gzip")
with h5py.File(os.path.join(folder, "circle.h5"), "w") as file:
    group = file.create_group("a")
    group["again"] = group
    group.create_dataset("kernel:0", data=np.ones(3, np.float32))

pictures = rng.uniform(-1, 1, (2, 9, 9, 3)).astype(np.float32).round(3)
outputs = model.predict(pictures, verbose=0)
golden = {
    "pictures": [[round(float(v), 3) for v in p.ravel()] for p in pictures],
    "outputs": [[float(v) for v in o] for o in outputs],
    "tensors": {n: {"shape": list(v.shape), "first": float(v.ravel()[0]), "sum": float(v.sum())} for n, v in values.items()},
}
with open(os.path.join(here, "keras-hdf5.json"), "w") as file:
    json.dump(golden, file)
    file.write("\n")
