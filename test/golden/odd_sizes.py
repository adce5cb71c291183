"""Output sizes of windows along one axis: python odd_sizes.py > odd_sizes.json

`pytorch`: what torch.nn.functional.conv2d gives with padding floor(k / 2); `tensorflow`: what timm's Conv2dSame, which
pads as TensorFlow's SAME does, gives, and the zeros it puts before and after. Needs torch and timm.
"""
import json

import torch
from timm.layers import pad_same

rows = []
for kernel_size in (1, 2, 3, 5, 7):
    for stride in (1, 2, 3):
        for size in (1, 2, 3, 4, 5, 7, 8, 10, 13, 19, 25, 37, 74, 112, 147, 199, 224):
            window = torch.ones(1, 1, kernel_size, kernel_size)
            convolve = torch.nn.functional.conv2d
            half = kernel_size // 2
            pytorch = convolve(torch.ones(1, 1, size, size), window, stride=stride, padding=half).shape[-1]
            # Marked pixels show where the padding went.
            padded = pad_same(torch.ones(1, 1, size, size), [kernel_size] * 2, [stride] * 2)
            line = padded[0, 0].amax(0).tolist()
            before = line.index(1.0)
            after = len(line) - before - size
            tensorflow = convolve(padded, window, stride=stride).shape[-1]
            rows.append([kernel_size, stride, size, pytorch, tensorflow, before, after])
columns = ['kernelSize', 'stride', 'size', 'pytorch', 'tensorflow', 'before', 'after']
print('{"columns": %s,\n"rows": [\n%s\n]}' % (json.dumps(columns), ',\n'.join(map(json.dumps, rows))))
