"""Features before torchvision's classifier of the photos in test/photos, in test/golden/embeddings.json.

    python test/golden/embeddings.py MOBILENET_V2.pth       torch, torchvision, Pillow; needs mobilenet_v2-b0353104.pth

`published`: by the weights of that file; `bundled`: by those in models/, in torchvision's network.
"""
import json
import pathlib
import struct
import sys

import numpy as np
import torch
import torchvision
from PIL import Image
from torchvision import transforms

ROOT = pathlib.Path(__file__).parents[2]
PHOTOS = ['airplane', 'allium', 'alps']

prepare = transforms.Compose([
    transforms.Resize(256),
    transforms.CenterCrop(224),
    transforms.ToTensor(),
    transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
])


def features(model, name):
    picture = Image.open(ROOT / f'test/photos/{name}.jpg').convert('RGB')
    with torch.no_grad():
        maps = model.features(prepare(picture)[None])
        return torch.nn.functional.adaptive_avg_pool2d(maps, 1).flatten().tolist()


def published():
    model = torchvision.models.mobilenet_v2()
    model.load_state_dict(torch.load(sys.argv[1], weights_only=True))
    return model.eval()


def bundled():
    """Convolutions in the order in which they run; a batch norm only adds the bias."""
    model = torchvision.models.mobilenet_v2().eval()
    tensors = read_safetensors(ROOT / 'models/mobilenet_v2_1.0_224.safetensors')
    layers = iter(order(tensors))
    convolution = None
    for module in model.features.modules():
        if isinstance(module, torch.nn.Conv2d):
            layer = next(layers)
            weights = tensors[f'{layer}/weights']
            if weights.ndim == 4:
                weights = weights.transpose(3, 2, 0, 1)
            elif weights.ndim == 3:
                weights = weights.transpose(2, 0, 1)[:, None]
            else:
                weights = weights.T[:, :, None, None]
            assert module.weight.shape == weights.shape, layer
            module.weight.data = torch.tensor(weights.copy())
        elif isinstance(module, torch.nn.BatchNorm2d):
            module.bias.data = torch.tensor(tensors[f'{layer}/bias'])
            module.running_var.data.fill_(1 - module.eps)
    return model


def order(tensors):
    names = {name.split('/')[0] for name in tensors}
    yield 'Conv1'
    for block in ['expanded_conv'] + [f'block_{index}' for index in range(1, 17)]:
        yield from (f'{block}_{part}' for part in ['expand', 'depthwise', 'project'] if f'{block}_{part}' in names)
    yield 'Conv_1'


def read_safetensors(path):
    data = path.read_bytes()
    (length,) = struct.unpack('<Q', data[:8])
    types = {'F16': np.float16, 'F32': np.float32}
    return {
        name: np.frombuffer(data[8 + length:][slice(*entry['data_offsets'])], types[entry['dtype']])
        .reshape(entry['shape']).astype(np.float32)
        for name, entry in json.loads(data[8:8 + length]).items() if name != '__metadata__'
    }


golden = {
    label: {name: [float(f'{value:.7g}') for value in features(model, name)] for name in PHOTOS}
    for label, model in [('published', published()), ('bundled', bundled())]
}
(ROOT / 'test/golden/embeddings.json').write_text(json.dumps(golden, separators=(',', ':')) + '\n')
