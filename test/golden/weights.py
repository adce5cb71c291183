"""Small weights files and figures for test/weights, made by PyTorch, safetensors and numpy.

    python test/golden/weights.py            needs torch, numpy, safetensors

Writes test/golden/weights/: files to read, and expected.json with what is in them.
"""
import collections
import hashlib
import json
import os
import pathlib
import pickle
import zipfile

import numpy as np
import torch
from safetensors.numpy import save_file

folder = pathlib.Path(__file__).parent / 'weights'
folder.mkdir(exist_ok=True)
os.chdir(folder)
torch.manual_seed(7)
expected = {}


def describe(tensors):
    kept = {name: tensor for name, tensor in tensors.items() if tensor.is_floating_point()}
    return {
        name: {
            'shape': list(tensor.shape),
            'dtype': 'f16' if tensor.dtype == torch.float16 else 'f32',
            'values': tensor.detach().float().flatten().tolist(),
        }
        for name, tensor in kept.items()
    }


base = torch.randn(24)
state = collections.OrderedDict(
    [
        ('conv.weight', torch.randn(4, 3, 2, 2)),
        ('bn.running_mean', torch.randn(4)),
        ('bn.num_batches_tracked', torch.tensor(1234)),
        ('half', torch.randn(3, 5).half()),
        ('double', torch.randn(3).double()),
        ('transposed', base[:12].reshape(3, 4).t()),
        ('permuted', torch.randn(2, 3, 4).permute(2, 0, 1)),
        ('view', base[5:11]),
        ('expanded', torch.randn(1, 4)[:, :1].expand(1, 1)),
        ('scalar', torch.tensor(0.25)),
        ('empty', torch.zeros(0, 3)),
        ('parameter', torch.nn.Parameter(torch.randn(2))),
    ]
)
expected['state'] = describe(state)
torch.save(state, 'zip.pth')
torch.save(state, 'legacy.pth', _use_new_zipfile_serialization=False)
torch.save({'epoch': 3, 'lr': 0.1, 'names': ['a', None, True], 'state_dict': state}, 'checkpoint.pth')

with zipfile.ZipFile('zip.pth') as source, zipfile.ZipFile('deflated.pth', 'w', zipfile.ZIP_DEFLATED) as target:
    for name in source.namelist():
        target.writestr(name, source.read(name))


class Evil:
    def __reduce__(self):
        return os.system, ('touch executed',)


torch.save({'weight': Evil()}, 'evil-zip.pth')
torch.save({'weight': Evil()}, 'evil-legacy.pth', _use_new_zipfile_serialization=False)
pathlib.Path('evil-plain.pth').write_bytes(pickle.dumps(Evil(), protocol=2))
torch.save(torch.nn.Linear(2, 2), 'module.pth')
torch.save({'a': torch.tensor([[1, -2.5], [0.0078125, 384]], dtype=torch.bfloat16)}, 'bfloat16.pth')
torch.save({'a': torch.zeros(2, dtype=torch.complex64)}, 'complex.pth')

arrays = {
    'layer/weights': np.linspace(-2, 2, 6, dtype=np.float16).reshape(2, 3),
    'layer/bias': np.array([0.5, -1.25, 3e-3], dtype=np.float32),
    'steps': np.array(5, dtype=np.int64),
}
save_file(arrays, 'small.safetensors', metadata={'format': 'pt'})
expected['safetensors'] = {
    name: {'shape': list(array.shape), 'dtype': 'f16' if array.dtype == np.float16 else 'f32',
           'values': array.astype(np.float32).flatten().tolist()}
    for name, array in arrays.items() if array.dtype != np.int64
}

# Half precision: all finite patterns widened; then midpoints, their neighbours and random singles narrowed.
patterns = np.arange(0x10000, dtype=np.uint16)
patterns = patterns[(patterns & 0x7C00) != 0x7C00]
wide = patterns.view(np.float16).astype(np.float32)
positive = wide[: len(wide) // 2]
middle = ((positive[:-1].astype(np.float64) + positive[1:]) / 2).astype(np.float32)
around = np.concatenate([middle, np.nextafter(middle, np.float32(0)), np.nextafter(middle, np.float32(1e9))])
seed, bits = 1, []
for _ in range(100_000):
    seed = (seed * 1664525 + 1013904223) % 2**32
    bits.append(seed)
random = np.array(bits, dtype=np.uint32).view(np.float32)
random = random[np.abs(np.nan_to_num(random, nan=1e9)) < 65520]
inputs = np.concatenate([around, -around, random])
expected['half'] = {
    'widened': hashlib.sha256(wide.tobytes()).hexdigest(),
    'inputs': hashlib.sha256(inputs.tobytes()).hexdigest(),
    'narrowed': hashlib.sha256(inputs.astype(np.float16).tobytes()).hexdigest(),
}

pathlib.Path('expected.json').write_text(json.dumps(expected, indent=1) + '\n')
