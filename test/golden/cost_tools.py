"""What other counters say: python cost_tools.py > cost_tools.json

fvcore, THOP and ptflops (its `pytorch` backend) over the same networks in evaluation mode: torchvision's MobileNet v2,
timm's Xception, and MobileNet v1 of plain torch modules (THOP and ptflops do not see timm's own batch norms).
`ptflops_modules` is the total that ptflops prints for the modules: it counts F.relu and F.max_pool2d once more when
the modules call them. Needs torch, torchvision, timm, fvcore, thop, ptflops; no weights are downloaded.
"""
import importlib.metadata
import io
import json
import logging
import re

import ptflops
import thop
import timm
import torch
import torchvision
from fvcore.nn import FlopCountAnalysis

logging.disable(logging.WARNING)


class MobileNetV1(torch.nn.Module):
    def __init__(self, alpha):
        super().__init__()
        layers, channels = [], int(32 * alpha)

        def add(inputs, outputs, size, stride, groups=1):
            layers.extend([
                torch.nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False),
                torch.nn.BatchNorm2d(outputs), torch.nn.ReLU6()])

        add(3, channels, 3, 2)
        for width, stride in [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5 + [(1024, 2), (1024, 1)]:
            add(channels, channels, 3, stride, groups=channels)
            add(channels, int(width * alpha), 1, 1)
            channels = int(width * alpha)
        self.features = torch.nn.Sequential(*layers)
        self.classifier = torch.nn.Linear(channels, 1000)

    def forward(self, picture):
        return self.classifier(torch.nn.functional.adaptive_avg_pool2d(self.features(picture), 1).flatten(1))


NETWORKS = [
    ('mobilenet_v1', 1.0, 224, 'pytorch', lambda: MobileNetV1(1.0)),
    ('mobilenet_v2', 1.0, 224, 'pytorch', lambda: torchvision.models.mobilenet_v2(width_mult=1.0)),
    ('mobilenet_v2', 1.4, 224, 'pytorch', lambda: torchvision.models.mobilenet_v2(width_mult=1.4)),
    ('mobilenet_v2', 0.5, 160, 'pytorch', lambda: torchvision.models.mobilenet_v2(width_mult=0.5)),
    ('xception', 1.0, 299, 'pytorch', lambda: timm.create_model('legacy_xception', pretrained=False)),
]

rows = []
for network, alpha, resolution, padding, build in NETWORKS:
    picture = torch.zeros(1, 3, resolution, resolution)
    fvcore_count = FlopCountAnalysis(build().eval(), picture)
    fvcore_count.unsupported_ops_warnings(False)
    fvcore_count.uncalled_modules_warnings(False)
    thop_count, thop_params = thop.profile(build().eval(), inputs=(picture,), verbose=False)
    printed = io.StringIO()
    ptflops_count, ptflops_params = ptflops.get_model_complexity_info(
        build().eval(), (3, resolution, resolution), as_strings=False, print_per_layer_stat=True,
        backend='pytorch', flops_units='KMac', output_precision=3, ost=printed)
    modules = round(1000 * float(re.search(r'([0-9.]+) KMac', printed.getvalue()).group(1)))
    model = build()
    rows.append({
        'network': network, 'alpha': alpha, 'resolution': resolution, 'padding': padding,
        'fvcore': fvcore_count.total(), 'thop': int(thop_count), 'ptflops': int(ptflops_count),
        'ptflops_modules': modules,
        'params': {'trainable': sum(p.numel() for p in model.parameters()), 'thop': int(thop_params),
                   'ptflops': int(ptflops_params)},
    })

versions = {name: importlib.metadata.version(name) for name in ('torch', 'torchvision', 'timm', 'fvcore', 'thop', 'ptflops')}
print('{"versions": ' + json.dumps(versions) + ', "networks": [\n ' + ',\n '.join(json.dumps(row) for row in rows) + ']}')
