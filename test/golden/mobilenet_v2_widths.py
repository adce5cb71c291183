"""torchvision's MobileNet v2 at unpublished widths and odd sizes: python mobilenet_v2_widths.py > mobilenet_v2_widths.json

Rows: alpha, resolution, multiply-accumulates of convolutions and the classifier, trainable parameters, residual links.
Needs torch and torchvision; no weights are downloaded.
"""
import json
import math

import torch
import torchvision

rows = []
for alpha in (0.1, 0.2, 0.35, 0.6, 0.9, 1.0, 1.15, 1.4, 2.0):
    for resolution in (224, 199, 97, 33):
        model = torchvision.models.mobilenet_v2(width_mult=alpha).eval()
        macs = 0

        def count(module, _inputs, output):
            global macs
            pixels = math.prod(output.shape[2:]) if output.dim() == 4 else 1
            macs += math.prod(module.weight.shape) * pixels

        for module in model.modules():
            if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
                module.register_forward_hook(count)
        with torch.no_grad():
            model(torch.zeros(1, 3, resolution, resolution))
        trainable = sum(parameter.numel() for parameter in model.parameters())
        links = sum(getattr(module, 'use_res_connect', False) for module in model.modules())
        rows.append([alpha, resolution, macs, trainable, links])
columns = ['alpha', 'resolution', 'macs', 'trainable', 'links']
versions = {'torch': torch.__version__, 'torchvision': torchvision.__version__}
print('%s, "columns": %s,\n"rows": [\n%s\n]}' % (json.dumps(versions)[:-1], json.dumps(columns), ',\n'.join(map(json.dumps, rows))))
