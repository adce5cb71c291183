"""What timm's EfficientNet-B0 costs, layer by layer: python efficientnet_b0_cost.py > efficientnet_b0_cost.json

Multiply-accumulates are counted from the output shapes that PyTorch reports in a forward pass. `pytorch` is
`efficientnet_b0` (padding floor(k / 2)), `tensorflow` is `tf_efficientnet_b0` (padding as TensorFlow's SAME).
Needs torch and timm; no weights are downloaded.
"""
import json
import math

import timm
import torch


def count(name, resolution, classes=1000):
    model = timm.create_model(name, pretrained=False, num_classes=classes).eval()
    rows = []

    def hook(module, _inputs, output):
        weights = math.prod(module.weight.shape)
        pixels = math.prod(output.shape[2:]) if output.dim() == 4 else 1
        bias = 0 if module.bias is None else math.prod(module.bias.shape)
        # A convolution's weights hold inChannels / groups, so depthwise ones need nothing special.
        rows.append({
            'name': names[module],
            'output': [*output.shape[2:], output.shape[1]] if output.dim() == 4 else [1, 1, output.shape[1]],
            'macs': weights * pixels,
            'weights': weights,
            'bias': bias,
        })

    names = {module: name for name, module in model.named_modules()}
    for module in model.modules():
        if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
            module.register_forward_hook(hook)
    with torch.no_grad():
        model(torch.zeros(1, 3, resolution, resolution))
    trainable = sum(parameter.numel() for parameter in model.parameters())
    observed = sum(buffer.numel() for name, buffer in model.named_buffers() if 'running' in name)
    return {
        'model': name,
        'resolution': resolution,
        'classes': classes,
        'macs': sum(row['macs'] for row in rows),
        'trainable': trainable,
        'total': trainable + observed,
        'layers': rows,
    }


results = []
for resolution in (224, 225, 199):
    for name, padding in (('efficientnet_b0', 'pytorch'), ('tf_efficientnet_b0', 'tensorflow')):
        results.append({'padding': padding, **count(name, resolution)})

# One line for each layer.
lines = []
for result in results:
    layers = ',\n  '.join(json.dumps(row) for row in result.pop('layers'))
    lines.append(json.dumps(result)[:-1] + ', "layers": [\n  ' + layers + ']}')
head = json.dumps({'torch': torch.__version__, 'timm': timm.__version__})[:-1]
print(head + ', "networks": [\n ' + ',\n '.join(lines) + ']}')
