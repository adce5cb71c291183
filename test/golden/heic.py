"""Makes heic/: small HEIC files of one picture, one of them stored lying and turned by its `irot` box.

Run with Pillow 13.0, pillow-heif 1.8.1 (libheif, x265), numpy 2.4:  python test/golden/heic.py
The picture: red grows to the right, green downwards, blue is 64.
"""
import pathlib

import numpy as np
import pillow_heif
from PIL import Image

HERE = pathlib.Path(__file__).parent / "heic"
HERE.mkdir(exist_ok=True)
y, x = np.mgrid[0:48, 0:64]
pixels = np.stack([x * 4, y * 5, np.full_like(x, 64)], -1).astype(np.uint8)
pillow_heif.from_bytes("RGB", (64, 48), pixels.tobytes()).save(HERE / "upright.heic", quality=95, chroma=444)
lying = np.rot90(pixels).copy()
exif = Image.Exif()
exif[0x0112] = 6
pillow_heif.register_heif_opener()
Image.fromarray(lying).save(HERE / "turned.heic", quality=95, chroma=444, exif=exif.tobytes())
# A second picture, grey and of another size, is the primary one.
two = pillow_heif.from_bytes("RGB", (64, 48), pixels.tobytes())
two.add_frombytes("RGB", (32, 24), np.full((24, 32, 3), 200, np.uint8).tobytes())
two.save(HERE / "second-primary.heic", primary_index=1)
