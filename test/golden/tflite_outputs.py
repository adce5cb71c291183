"""Top-5 of TFLite's own interpreter for the files of the shared reference data: writes tflite-outputs.json.

    python tflite_outputs.py PATH_OF_REFERENCE        (ai-edge-litert, numpy, pillow)

Only numbers are recorded. `synthetic` is the picture of `synthetic_picture`; `images` are the JPEGs of
outputs/classic_top5.json, decoded by Pillow and scaled straight to the input size with its bilinear filter.
Integer kernels are the builtin ones without delegates.
"""

import json
import pathlib
import sys

import numpy
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from PIL import Image

FILES = {
    name: [name]
    for name in [
        "coral_tflite/mobilenet_v1_0.25_128_quant.tflite",
        "coral_tflite/mobilenet_v1_0.5_160_quant.tflite",
        "coral_tflite/mobilenet_v1_0.75_192_quant.tflite",
        "coral_tflite/mobilenet_v2_1.0_224_inat_bird_quant.tflite",
        "coral_tflite/mobilenet_v2_1.0_224_quant.tflite",
        "coral_tflite/tf2_mobilenet_v2_1.0_224_ptq.tflite",
        "hosted_tflite/mobilenet_v1_0_25_224_quant.tflite",
        "hosted_tflite/mobilenet_v1_0_5_128_quant.tflite",
        "hosted_tflite/mobilenet_v1_0_75_224_quant.tflite",
        "hosted_tflite/mobilenet_v2_0_5_96_quant.tflite",
        "hosted_tflite/mobilenet_v2_0_75_160_quant.tflite",
        "hosted_tflite/mobilenet_v2_1_0_160_quant.tflite",
        "hosted_tflite/mobilenet_v3_large_minimalistic_1_0_224_quant.tflite",
    ]
}
FILES["coral_tflite/mobilenet_v1_1.0_224 (extractor, head)"] = [
    "coral_tflite/mobilenet_v1_1.0_224_quant_embedding_extractor.tflite",
    "coral_tflite/tools/mobilenet_quant_v1_224_head_layers.tflite",
]


def synthetic_picture(height, width):
    """Bytes of a picture that any language makes alike: integers only."""
    y, x, c = numpy.mgrid[0:height, 0:width, 0:3]
    return ((x * (c + 2) + y * (5 - c) + ((x * y) >> 5)) & 255).astype(numpy.uint8)


def scaled_picture(path, height, width):
    return numpy.asarray(Image.open(path).convert("RGB").resize((width, height), Image.Resampling.BILINEAR))


class Chain:
    def __init__(self, paths):
        self.parts = []
        for path in paths:
            part = Interpreter(
                str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            )
            part.allocate_tensors()
            self.parts.append(part)
        _, self.height, self.width, _ = self.parts[0].get_input_details()[0]["shape"]

    def top5(self, picture):
        values = picture[None]
        for part in self.parts:
            details = part.get_input_details()[0]
            assert details["dtype"] == values.dtype == numpy.uint8
            part.set_tensor(details["index"], values)
            part.invoke()
            output = part.get_output_details()[0]
            values = part.get_tensor(output["index"])
        scale, zero_point = output["quantization"]
        probabilities = (values.reshape(-1).astype(numpy.float64) - zero_point) * scale
        order = numpy.argsort(-probabilities, kind="stable")[:5]
        return [[int(i), round(float(probabilities[i]), 6)] for i in order]


def main():
    reference = pathlib.Path(sys.argv[1])
    listed = json.loads((reference / "outputs/classic_top5.json").read_text())
    pictures = {}
    for key in listed:
        if key.endswith(".jpg"):
            pictures[key] = reference / "images/classic" / key.removeprefix("images_classic/")
    models = {}
    for name, parts in FILES.items():
        chain = Chain([reference / "weights" / part for part in parts])
        height, width = int(chain.height), int(chain.width)
        models[name] = {
            "files": parts,
            "synthetic": chain.top5(synthetic_picture(height, width)),
            "images": {key: chain.top5(scaled_picture(path, height, width)) for key, path in pictures.items()},
        }
    target = pathlib.Path(__file__).with_name("tflite-outputs.json")
    lines = []
    for name, model in models.items():
        images = ",\n".join(f"    {json.dumps(key)}: {json.dumps(top)}" for key, top in model["images"].items())
        lines.append(
            f'  {json.dumps(name)}: {{\n   "files": {json.dumps(model["files"])},\n'
            f'   "synthetic": {json.dumps(model["synthetic"])},\n   "images": {{\n{images}\n   }}\n  }}'
        )
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n")


main()
