"""
Writes keras-files/* and keras-files.json: models within models, layers of one name in several of them, frozen layers and
layers that are used twice, in each way in which Keras 2 and 3 lay out a file; with what Keras gives for two pictures.

    pip install tensorflow-cpu tf_keras
    python test/golden/keras_files.py

Made with keras 3.15.1 and tf_keras 2.21.0 on tensorflow 2.21.0.
"""
import io
import json
import os
import shutil
import zipfile

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
import h5py
import keras as k3
import numpy as np
import tf_keras as k2

here = os.path.dirname(os.path.abspath(__file__))
folder = os.path.join(here, "keras-files")
shutil.rmtree(folder, ignore_errors=True)
os.makedirs(folder)
rng = np.random.default_rng(17)
pictures = rng.uniform(0, 255, (2, 10, 10, 3)).astype(np.float32).round(1)
pictures[1] = (pictures[1] * 0.4 + 20).round(1)


def randomise(net):
    for weight in net.weights:
        name = getattr(weight, "path", weight.name)
        if "count" in name or "seed" in name or "StateVar" in name:
            continue
        low, high = (0.4, 1.6) if "variance" in name else (-0.6, 0.6)
        if name.split("/")[-1].replace(":0", "") in ("mean", "variance"):
            low, high = (90, 140) if "mean" in name else (2000, 4000)
        weight.assign(rng.uniform(low, high, tuple(weight.shape)))
    return net


def block(k, name, filters=4, frozen=False):
    """Layers of the same names in each of them."""
    L = k.layers
    i = k.Input((None, None, 4))
    x = L.Conv2D(filters, 3, padding="same", use_bias=False, name="conv2d")(i)
    x = L.ReLU(name="relu")(L.BatchNormalization(name="norm")(x))
    x = L.Conv2D(filters, 1, name="conv2d_1")(x)
    net = k.Model(i, L.BatchNormalization(scale=False, name="norm_1")(x), name=name)
    if frozen:
        net.trainable = False
        net.get_layer("conv2d_1").trainable = True
    return net


def nested(k, middle=True):
    L = k.layers
    norm = L.Normalization(name="normalization")
    norm.build((None, 10, 10, 3))
    i = k.Input((10, 10, 3))
    x = L.Conv2D(4, 3, strides=2, name="conv2d")(norm(L.RandomFlip()(i)))
    if middle:
        wrapped = k.Sequential([block(k, "inner", frozen=True), L.ELU(name="elu"), L.Conv2D(4, 1, name="last")], name="middle")
        x = wrapped(x)
    first, second = block(k, "first"), block(k, "second", frozen=True)
    x = L.Add(name="sum")([first(x), second(x), second(L.ReLU()(x))])
    x = L.Dropout(0.3)(L.GlobalAveragePooling2D()(x))
    net = randomise(k.Model(i, L.Dense(3, name="conv2d_1")(x)))
    norm.finalize_state()
    return net


outputs = {}


def keep(name, net, expected=None):
    values = net.predict(pictures, verbose=0) if expected is None else expected
    outputs[name] = [[float(f"{v:.7g}") for v in row] for row in np.asarray(values, np.float64)]
    return os.path.join(folder, name)


net = nested(k3)
net.save(keep("nested-3.keras", net))
net.save(keep("nested-3.h5", net))
k3.backend.clear_session()

net = nested(k2)
net.save(keep("nested-2.keras", net))
net.save(keep("nested-2.h5", net), save_format="h5", include_optimizer=False)
shutil.copy(os.path.join(folder, "nested-2.h5"), keep("hdf5-named.keras", net))

# Keras 2.12 reached layers by another attribute, which names those with weights twice: each takes two numbers.
with zipfile.ZipFile(os.path.join(folder, "nested-2.keras")) as source:
    config, metadata = source.read("config.json"), source.read("metadata.json")
    old = io.BytesIO()
    with h5py.File(io.BytesIO(source.read("model.weights.h5"))) as new, h5py.File(old, "w") as target:

        def copy(group, path, into):
            for key, item in group.items():
                if key == "layers":
                    counts = {}
                    for child in sorted(item, key=lambda name: (name.rstrip("_0123456789"), int((name.rsplit("_", 1) + ["0"])[1]) if name.rsplit("_", 1)[-1].isdigit() else 0)):
                        kind = child.rsplit("_", 1)[0] if child.rsplit("_", 1)[-1].isdigit() else child
                        weighted = []
                        item[child].visititems(lambda _, o: weighted.append(o) if isinstance(o, h5py.Dataset) else None)
                        number = counts.get(kind, 0)
                        counts[kind] = number + (2 if weighted else 1)
                        name = kind if number == 0 else f"{kind}_{number}"
                        copy(item[child], f"{path}_layer_checkpoint_dependencies/{name}/", into)
                elif isinstance(item, h5py.Dataset):
                    into.create_dataset(path + key, data=item[()])
                else:
                    copy(item, f"{path}{key}/", into)

        copy(new, "", target)
    with zipfile.ZipFile(keep("places-2.12.keras", net), "w") as target:
        target.writestr("metadata.json", metadata)
        target.writestr("config.json", config)
        target.writestr("model.weights.h5", old.getvalue())
k2.backend.clear_session()

k3.config.set_dtype_policy("float16")
L = k3.layers
half = randomise(k3.Sequential([k3.Input((10, 10, 3)), L.Rescaling(1 / 255), L.Conv2D(4, 3), L.GlobalMaxPooling2D(), L.Dense(3)]))
half.save(keep("half.keras", half))
k3.config.set_dtype_policy("float32")

# Keras 2.2: a sequential model is the list of its layers, the first of which says the size.
L = k2.layers
list_net = randomise(k2.Sequential([k2.Input((10, 10, 3)), L.Rescaling(1 / 255), L.Conv2D(4, 3, activation="hard_sigmoid"), L.Flatten(), L.Dense(3)]))
path = keep("list-2.2.h5", list_net)
list_net.save(path, save_format="h5", include_optimizer=False)
with h5py.File(path, "r+") as file:
    config = json.loads(file.attrs["model_config"])
    layers = [layer for layer in config["config"]["layers"] if layer["class_name"] != "InputLayer"]
    layers[0]["config"]["batch_input_shape"] = [None, 10, 10, 3]
    file.attrs["model_config"] = np.bytes_(json.dumps({"class_name": "Sequential", "config": layers}))
    file.attrs["keras_version"] = np.bytes_("2.2.4")

with open(os.path.join(here, "keras-files.json"), "w") as file:
    json.dump({"pictures": [[float(f"{v:.1f}") for v in p.ravel()] for p in pictures], "outputs": outputs}, file)
    file.write("\n")
