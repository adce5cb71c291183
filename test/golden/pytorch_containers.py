"""Writes pytorch-containers/: a tiny MobileNetV2 of torchvision in the wrappings that training leaves it in. All hold
the same tensors, which pytorch-containers.json lists: shape and sum of each.

    pip install torch torchvision numpy
    python test/golden/pytorch_containers.py
"""

import argparse
import collections
import json
import os
import pathlib

import numpy as np
import torch
from torchvision.models.mobilenetv2 import MobileNetV2
from torchvision.ops.misc import Conv2dNormActivation

here = os.path.dirname(os.path.abspath(__file__))
folder = os.path.join(here, "pytorch-containers")
os.makedirs(folder, exist_ok=True)
torch.manual_seed(3)
model = MobileNetV2(num_classes=2, width_mult=0.1, inverted_residual_setting=[[1, 16, 1, 1], [2, 24, 1, 2]], round_nearest=4)
model.features[-1] = Conv2dNormActivation(model.features[-1][0].in_channels, 8, kernel_size=1, activation_layer=torch.nn.ReLU6)
model.classifier[1] = torch.nn.Linear(8, 2)
model = model.half().float().eval()
state = model.state_dict()
kept = {name: tensor for name, tensor in state.items() if tensor.is_floating_point()}
optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(4, 4))], momentum=0.9)


def prefixed(prefix):
    return collections.OrderedDict((prefix + name, tensor.half()) for name, tensor in state.items())


def save(name, value, **options):
    torch.save(value, os.path.join(folder, name), **options)


half = prefixed("")
halved = {name: tensor.half() * 0.5 for name, tensor in state.items()}
average = {"model": half, "model_ema": halved}
save("tutorial.pt", {"epoch": 3, "model_state_dict": half, "optimizer_state_dict": optimizer.state_dict(), "loss": torch.tensor(0.3)})
save("lightning.ckpt", {"state_dict": {**prefixed("model."), "criterion.weight": torch.ones(2)}, "hyper_parameters": {"lr": 0.1}, "loops": {}, "callbacks": {}})
save("beside.pth", {
    "net": prefixed("module."),
    "args": argparse.Namespace(lr=0.1, path=pathlib.PurePosixPath("x")),
    "confusion": torch.ones(3, 3),
    "acc": np.float64(0.5),
    "history": collections.defaultdict(list, {"loss": [1.0]}),
    "rng": np.random.get_state(),
}, pickle_protocol=4)
save("average.pth", average)
save("compiled.pth", {"model": {**prefixed("_orig_mod.module."), **{f"ema.{k}": v for k, v in halved.items()}}})
save("whole.pth", model.half())
save("whole-wrapped.pth", {"model": torch.nn.DataParallel(model)}, _use_new_zipfile_serialization=False)
torch.jit.script(model.float()).save(os.path.join(folder, "script.pt"))
save("two.pth", {"generator": half, "discriminator": halved})
save("sigmoid.pth", torch.nn.Sequential(model, torch.nn.Sigmoid()))
save("optimizer.pth", optimizer.state_dict())
figures = {name: {"shape": list(tensor.shape), "sum": float(tensor.half().double().sum())} for name, tensor in kept.items()}
with open(os.path.join(here, "pytorch-containers.json"), "w") as file:
    json.dump(figures, file, separators=(",", ":"))
    file.write("\n")
print(sum(os.path.getsize(os.path.join(folder, f)) for f in os.listdir(folder)) // 1024, "KiB")
