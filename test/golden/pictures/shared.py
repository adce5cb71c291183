"""Makes shared.json: what Pillow and torchvision's MobileNetV2 make of every file of the reference pictures.

Run with Pillow 13.0, torchvision 0.29:  python test/golden/pictures/shared.py PICTURES mobilenet_v2-b0353104.pth
PICTURES: the folder images/ of the reference data; the weights: see models/README.md.

For each file that Pillow opens and can convert to RGB the first 12 digits of the SHA-256 of the 224 x 224 x 3 bytes that
torchvision crops; for those in shared-differences.json also the most probable class. Other files
are left out.
"""
import hashlib
import json
import pathlib
import sys
import warnings

import numpy as np
import torch
from PIL import Image, ImageOps
from torchvision import models, transforms

HERE = pathlib.Path(__file__).parent
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
CROP = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224)])
TENSOR = transforms.Compose([transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
# 12 GiB of pixels; a test of its own reads it.
LEFT_OUT = {"awkward/sharp/65536-uint32-limit.png"}


def crop_of(path):
    try:
        return CROP(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))
    except Exception:
        return None


def main():
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None
    folder = pathlib.Path(sys.argv[1])
    network = models.mobilenet_v2()
    network.load_state_dict(torch.load(sys.argv[2], weights_only=True))
    network.eval()
    differing = json.loads((HERE / "shared-differences.json").read_text())
    verdicts = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        crop = crop_of(path) if path.is_file() and name not in LEFT_OUT else None
        if crop is None:
            continue
        verdicts[name] = [hashlib.sha256(np.asarray(crop).tobytes()).hexdigest()[:12]]
        if name in differing:
            with torch.no_grad():
                verdicts[name].append(int(network(TENSOR(crop)[None]).argmax()))
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(verdict)}" for name, verdict in verdicts.items())
    (HERE / "shared.json").write_text(f"{{\n{lines}\n}}\n")


if __name__ == "__main__":
    main()
