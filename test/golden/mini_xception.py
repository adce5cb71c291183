"""
Makes mini-xception.json: what Keras gives for the two mini-Xception files of the reference data, for inputs made as in
families.py (64 × 64 × 1).

    KERAS_BACKEND=torch python test/golden/mini_xception.py ../shared/reference/weights/mini_xception

Made with keras 3.15.1 on torch 2.15.0.
"""
import json
import os
import sys

os.environ.setdefault('KERAS_BACKEND', 'torch')
import keras
import numpy as np
import torch

OUT = os.path.join(os.path.dirname(__file__), 'mini-xception.json')
FILES = ('mini_XCEPTION_KDEF.hdf5', 'fer2013_mini_XCEPTION.102-0.66.hdf5')


def values(name, count, low, high):
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x01000193) & 0xFFFFFFFF
    x = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9) + np.uint32(seed)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> np.uint32(16)
    return (low + (high - low) * ((x >> np.uint32(8)).astype(np.float64) / 2**24)).astype(np.float32)


made = {}
for file in FILES:
    model = keras.saving.load_model(os.path.join(sys.argv[1], file), compile=False)
    made[file] = []
    for number, (low, high) in enumerate(((-1, 1), (-0.4, 1.6))):
        picture = values(f'picture {number}', 64 * 64, low, high).reshape(1, 64, 64, 1)
        with torch.no_grad():
            output = model(torch.from_numpy(picture), training=False).cpu().numpy().ravel()
        made[file].append([float(f'{x:.7g}') for x in output])
with open(OUT, 'w') as file:
    file.write(json.dumps(made) + '\n')
