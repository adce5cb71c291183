"""Makes explain.json: class activation maps of test/photos by torchvision's MobileNetV2 with the bundled weights.

    python test/golden/explain.py        needs torch, torchvision, Pillow 13, numpy

The map of class c is torch-cam's CAM before its ReLU: sum over channels of classifier weight [c, channel] times the output of
`features`. The bundled weights have their batch norms folded into the convolutions; here these become identities.
"""
import json
import pathlib
import struct

import numpy as np
import torch
import torchvision
from PIL import Image, ImageOps
from torchvision import transforms

HERE = pathlib.Path(__file__).parent
WEIGHTS = HERE.parent.parent / "models" / "mobilenet_v2_1.0_224.safetensors"
PHOTOS = HERE.parent / "photos"
CASES = [("alps.jpg", 970), ("boats.jpg", 913), ("boats.jpg", 536), ("airplane.jpg", 908), ("allium.jpg", 572)]


def read_safetensors(path):
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    types = {"F32": np.float32, "F16": np.float16}
    return {
        name: np.frombuffer(data[8 + length + entry["data_offsets"][0]:8 + length + entry["data_offsets"][1]],
                            types[entry["dtype"]]).reshape(entry["shape"]).astype(np.float32)
        for name, entry in header.items() if name != "__metadata__"
    }


def load(network, tensors):
    """Linear layers in their order: convolutions without bias, each with a batch norm behind it, then the classifier."""
    names = ["Conv1", "expanded_conv_depthwise", "expanded_conv_project"]
    names += [f"block_{i}_{part}" for i in range(1, 17) for part in ("expand", "depthwise", "project")] + ["Conv_1"]
    modules = [each for each in network.modules() if isinstance(each, (torch.nn.Conv2d, torch.nn.BatchNorm2d))]
    for name, conv, norm in zip(names, modules[::2], modules[1::2], strict=True):
        weights = tensors[f"{name}/weights"]
        if name.endswith("depthwise"):
            weights = weights.transpose(2, 0, 1)[:, None]
        elif weights.ndim == 2:
            weights = weights.T[:, :, None, None]
        else:
            weights = weights.transpose(3, 2, 0, 1)
        conv.weight.data = torch.tensor(np.ascontiguousarray(weights))
        norm.eps = 0.0
        norm.running_mean.zero_()
        norm.running_var.fill_(1)
        norm.weight.data.fill_(1)
        norm.bias.data = torch.tensor(tensors[f"{name}/bias"])
    network.classifier[1].weight.data = torch.tensor(np.ascontiguousarray(tensors["predictions/weights"].T))
    network.classifier[1].bias.data = torch.tensor(tensors["predictions/bias"])
    return network.eval()


network = load(torchvision.models.mobilenet_v2(), read_safetensors(WEIGHTS))
prepare = transforms.Compose([
    transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(),
    transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
])
cases = []
for file, index in CASES:
    picture = ImageOps.exif_transpose(Image.open(PHOTOS / file)).convert("RGB")
    with torch.no_grad():
        prepared = prepare(picture)[None]
        features = network.features(prepared)[0].double().numpy()
        logits = network(prepared)[0].double().numpy()
    weight = network.classifier[1].weight.detach().double().numpy()[index]
    grid = np.tensordot(weight, features, 1)
    cases.append({
        "file": file, "index": index, "top": int(logits.argmax()), "logit": round(float(logits[index]), 6),
        "grid": [[round(float(value), 6) for value in row] for row in grid],
    })
(HERE / "explain.json").write_text(json.dumps({"cases": cases}, indent=1) + "\n")
