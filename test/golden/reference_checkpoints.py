"""Networks of Keras Applications and torchvision with seeded weights: their files, and what they give for 20 pictures.

    python test/golden/reference_checkpoints.py keras FOLDER PICTURES [NAME ...]
        needs tensorflow, tf_keras, keras, pillow
    python test/golden/reference_checkpoints.py torch FOLDER PICTURES [NAME ...]
        needs torch, torchvision, onnx, onnxscript, onnxruntime, pillow
    python test/golden/reference_checkpoints.py cost FOLDER [NAME ...]
        needs tensorflow, tf_keras, keras, tf2onnx

PICTURES is a folder of at least 20 photos. Writes models/, pictures/ and keras.json, torch.json or cost.json into FOLDER, for
`npm run compare-references -- FOLDER`. The logits are those of the library's own network in double precision;
`precision` is how far the library itself is from them in single precision. ONNX files of torchvision have
ONNX Runtime's distance too. About 1.2 GB.
"""
import json
import os
import pathlib
import sys
import zlib

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
os.environ.setdefault('CUDA_VISIBLE_DEVICES', '')
os.environ.setdefault('TF_ENABLE_ONEDNN_OPTS', '0')
os.environ.setdefault('KERAS_BACKEND', 'tensorflow')
import numpy as np
from PIL import Image
from reference_macs import keras_macs, onnx_macs, torch_macs
from reference_scaling import scale_keras, scale_torch

PART, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
MODELS = FOLDER / 'models'
PICTURES = 20

# Side and range of values; the size is stated where Keras would leave it open.
KERAS = {
    'MobileNet': (224, '-1..1'),
    'MobileNetV2': (224, '-1..1'),
    'MobileNetV3Small': (224, '0..255'),
    'MobileNetV3Large': (224, '0..255'),
    'Xception': (299, '-1..1'),
    'EfficientNetB0': (224, '0..255'),
}
TORCH = ('mobilenet_v2', 'mobilenet_v3_small', 'mobilenet_v3_large', 'efficientnet_b0', 'mnasnet0_5', 'resnet18')
COUNTED = {'ResNet50': 224, 'InceptionV3': 299, 'DenseNet121': 224, 'NASNetMobile': 224}


def prepare_pictures(folder, side):
    """Names and bytes of pictures squashed to the network's size, so that nothing is left to resize."""
    target = FOLDER / 'pictures' / str(side)
    target.mkdir(parents=True, exist_ok=True)
    photos = sorted(path for path in folder.iterdir() if path.suffix.lower() in ('.jpg', '.jpeg', '.png'))
    names, pixels = [], []
    for index in range(PICTURES):
        photo = photos[index * len(photos) // PICTURES]
        path = target / (photo.stem.split('.')[0].replace(' ', '_') + '.png')
        Image.open(photo).convert('RGB').resize((side, side), Image.BICUBIC).save(path, optimize=True)
        names.append(str(path.relative_to(FOLDER)))
        pixels.append(np.asarray(Image.open(path)))
    return names, np.stack(pixels)


def in_range(pixels, name):
    values = pixels.astype(np.float32)
    if name == '0..255':
        return values
    if name == '-1..1':
        return values / np.float32(127.5) - np.float32(1)
    assert name == 'imagenet'
    return (values / np.float32(255) - np.float32([0.485, 0.456, 0.406])) / np.float32([0.229, 0.224, 0.225])


def seed_of(name):
    return zlib.crc32(name.encode()) % 2**31


def in_fives(run, values):
    return np.concatenate([np.asarray(run(values[at : at + 5])) for at in range(0, len(values), 5)])


def distance(logits, exact):
    """The largest difference in a picture's largest logit, of all pictures."""
    return float((np.abs(logits - exact).max(1) / np.abs(exact).max(1)).max())


def from_probabilities(probabilities, exact):
    """Logits, with the constant that a softmax forgets taken from the exact ones."""
    largest = exact.max(1, keepdims=True)
    constant = largest + np.log(np.exp(exact - largest).sum(1, keepdims=True))
    return np.log(np.maximum(np.float64(probabilities), 1e-30)) + constant


def save(file, name, entry):
    """Adds an entry to a file, in place of the one of its name."""
    path = FOLDER / file
    others = json.loads(path.read_text()) if path.exists() else []
    entries = [other for other in others if other['name'] != name] + [{'name': name, **entry}]
    path.write_text(json.dumps(entries))
    print(name, {key: value for key, value in entry.items() if key not in ('logits', 'pictures')}, flush=True)


def rounded(rows):
    return [[float(f'{value:.8g}') for value in row] for row in rows]


def write_tfjs(model, folder):
    """A TensorFlow.js layers model of a Keras 2 model, as the converter writes it."""
    folder.mkdir(parents=True, exist_ok=True)
    topology = json.loads(model.to_json())
    config = {'class_name': topology['class_name'], 'config': topology['config']}
    weights = {weight.name.split(':')[0]: weight.numpy() for weight in model.weights}
    # TensorFlow.js has integers of 32 bits alone: a Normalization layer's counter.
    narrow = {name: value.astype(np.int32 if value.dtype == np.int64 else np.float32) for name, value in weights.items()}
    data = b''.join(value.tobytes() for value in narrow.values())
    shards = [data[at : at + 2**22] for at in range(0, len(data), 2**22)]
    paths = [f'group1-shard{index + 1}of{len(shards)}.bin' for index in range(len(shards))]
    for path, shard in zip(paths, shards):
        (folder / path).write_bytes(shard)
    rows = [
        {'name': name, 'shape': list(value.shape), 'dtype': value.dtype.name} for name, value in narrow.items()
    ]
    description = {
        'format': 'layers-model',
        'generatedBy': f"keras v{topology['keras_version']}",
        'convertedBy': 'TensorFlow.js Converter v4.22.0',
        'modelTopology': {
            'keras_version': topology['keras_version'],
            'backend': topology['backend'],
            'model_config': config,
        },
        'weightsManifest': [{'paths': paths, 'weights': rows}],
    }
    (folder / 'model.json').write_text(json.dumps(description))


def write_tflite(model, side):
    import tensorflow as tf

    signature = [tf.TensorSpec((1, side, side, 3), tf.float32)]
    function = tf.function(lambda picture: model(picture, training=False), input_signature=signature)
    return tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], model).convert()


def run_tflite(data, values):
    import tensorflow as tf

    resolver = tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = tf.lite.Interpreter(model_content=data, experimental_op_resolver_type=resolver, num_threads=1)
    interpreter.allocate_tensors()
    outputs = []
    for picture in values:
        interpreter.set_tensor(interpreter.get_input_details()[0]['index'], picture[None])
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(interpreter.get_output_details()[0]['index'])[0])
    return np.stack(outputs)


def make_keras(name, side, input_range, pictures):
    import keras
    import tensorflow as tf
    import tf_keras

    names, pixels = prepare_pictures(pictures, side)
    values = in_range(pixels, input_range)
    how = {'weights': None, 'input_shape': (side, side, 3)}
    stem = name.lower()
    tf_keras.backend.clear_session()
    model = getattr(tf_keras.applications, name)(**how)
    scale_keras(model, values[::2], seed_of(name))
    model.save(MODELS / f'{stem}.h5', save_format='h5', include_optimizer=False)
    write_tfjs(model, MODELS / f'{stem}-tfjs')
    tflite = write_tflite(model, side)
    (MODELS / f'{stem}.tflite').write_bytes(tflite)

    keras.backend.clear_session()
    twin = getattr(keras.applications, name)(**how)
    twin.set_weights(model.get_weights())
    twin.save(MODELS / f'{stem}.keras')
    keras.config.set_dtype_policy('float64')
    double = getattr(keras.applications, name)(classifier_activation=None, **how)
    keras.config.set_dtype_policy('float32')
    double.set_weights(model.get_weights())
    exact = in_fives(lambda batch: double.predict(batch.astype(np.float64), verbose=0), values)

    ends = {
        '.keras': in_fives(lambda batch: twin.predict(batch, verbose=0), values),
        '.h5': in_fives(lambda batch: model.predict(batch, verbose=0), values),
        '.tflite': run_tflite(tflite, values),
    }
    ends['-tfjs'] = ends['.h5']
    macs = keras_macs(model)
    files = {
        f'models/{stem}{end}': {'macs': macs, 'precision': distance(from_probabilities(ends[end], exact), exact)}
        for end in ('.keras', '.h5', '-tfjs', '.tflite')
    }
    versions = f'Keras {keras.__version__}, tf_keras {tf_keras.__version__}, TensorFlow {tf.__version__}'
    save('keras.json', name, entry_of('Keras', versions, side, input_range, names, exact, files))


def entry_of(library, versions, side, input_range, pictures, logits, files):
    return {
        'library': library,
        'reference': versions,
        'side': side,
        'input': input_range,
        'files': files,
        'pictures': pictures,
        'logits': rounded(logits),
    }


def make_torch(name, pictures):
    import onnxruntime
    import torch
    import torchvision

    side = 224
    names, pixels = prepare_pictures(pictures, side)
    values = np.ascontiguousarray(np.moveaxis(in_range(pixels, 'imagenet'), -1, 1))
    torch.manual_seed(seed_of(name))
    network = getattr(torchvision.models, name)(weights=None).eval()
    scale_torch(network, values[::2], seed_of(name))
    example = torch.zeros(1, 3, side, side)
    script, dynamo = f'models/{name}-script.onnx', f'models/{name}-dynamo.onnx'
    opset = 17 if 'v3' in name else 13
    axes = {'input': {0: 'batch'}, 'output': {0: 'batch'}}
    torch.onnx.export(
        network, example, str(FOLDER / script), dynamo=False, opset_version=opset,
        input_names=['input'], output_names=['output'], dynamic_axes=axes,
    )
    torch.onnx.export(network, (example,), str(FOLDER / dynamo), dynamo=True, external_data=False, verbose=False)

    def run(batch):
        with torch.no_grad():
            return network(torch.from_numpy(batch)).numpy()

    single = in_fives(run, values)
    macs = torch_macs(network, side)
    files = {}
    if name == 'mobilenet_v2':
        files[f'models/{name}.pth'] = {'macs': macs}
        torch.save(network.state_dict(), FOLDER / f'models/{name}.pth')
    network.double()
    exact = in_fives(lambda batch: run(batch.astype(np.float64)), values)
    for file in files.values():
        file['precision'] = distance(single, exact)
    for path in (script, dynamo):
        session = onnxruntime.InferenceSession(str(FOLDER / path), providers=['CPUExecutionProvider'])
        source = session.get_inputs()[0].name
        outputs = np.concatenate([session.run(None, {source: picture[None]})[0] for picture in values])
        files[path] = {'macs': macs, 'precision': distance(outputs, exact)}
    versions = f'torch {torch.__version__}, torchvision {torchvision.__version__}, ONNX Runtime {onnxruntime.__version__}'
    save('torch.json', name, entry_of('torchvision', versions, side, 'imagenet', names, exact, files))


def make_counted(name, side):
    """Only to be counted: weights stay as the library draws them."""
    import keras
    import tensorflow as tf
    import tf2onnx
    import tf_keras

    keras_file, onnx_file = f'models/{name.lower()}.keras', f'models/{name.lower()}.onnx'
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed_of(name))
    model = getattr(keras.applications, name)(weights=None)
    model.save(FOLDER / keras_file)
    tf_keras.backend.clear_session()
    tf_keras.utils.set_random_seed(seed_of(name))
    twin = getattr(tf_keras.applications, name)(weights=None)
    signature = [tf.TensorSpec((None, side, side, 3), tf.float32, name='input')]
    function = tf.function(lambda picture: twin(picture, training=False), input_signature=signature)
    tf2onnx.convert.from_function(function, signature, opset=13, output_path=str(FOLDER / onnx_file))
    files = {keras_file: {'macs': keras_macs(model)}, onnx_file: {'macs': onnx_macs(FOLDER / onnx_file)}}
    versions = f'Keras {keras.__version__}, tf2onnx {tf2onnx.__version__}'
    save('cost.json', name, {'library': 'Keras', 'reference': versions, 'side': side, 'files': files})


MODELS.mkdir(parents=True, exist_ok=True)
chosen = sys.argv[3 if PART == 'cost' else 4 :]
for network in {'keras': KERAS, 'torch': TORCH, 'cost': COUNTED}[PART]:
    if chosen and network not in chosen:
        continue
    if PART == 'cost':
        make_counted(network, COUNTED[network])
    elif PART == 'torch':
        make_torch(network, pathlib.Path(sys.argv[3]))
    else:
        make_keras(network, *KERAS[network], pathlib.Path(sys.argv[3]))
