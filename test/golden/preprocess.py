"""Makes preprocess.json and preprocess/ with Pillow and torchvision, and TensorFlow 1's bilinear with numpy.

Run with Pillow 13.0, torchvision 0.29, numpy 2.4:  python test/golden/preprocess.py [REFERENCE]
REFERENCE: the folder of reference data with images/imagenet_samples; without it the golden values of those
samples are kept as they are. Byte strings are base64; pixels are RGB, row by row.
"""
import base64
import json
import pathlib
import sys

import numpy as np
from PIL import Image, ImageCms, ImageOps
from torchvision import transforms
from torchvision.transforms import InterpolationMode

HERE = pathlib.Path(__file__).parent
PICTURES = HERE / "preprocess"
PHOTOS = HERE.parent / "photos"
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
GRID = 16
PIL_FILTERS = {
    "pil-bilinear": (Image.Resampling.BILINEAR, InterpolationMode.BILINEAR),
    "pil-bicubic": (Image.Resampling.BICUBIC, InterpolationMode.BICUBIC),
    "lanczos3": (Image.Resampling.LANCZOS, InterpolationMode.LANCZOS),
    "nearest": (Image.Resampling.NEAREST, InterpolationMode.NEAREST),
}


def encode(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def tf1_bilinear(pixels, width, height):
    """resize_bilinear(align_corners=False) without half-pixel centres, in single precision."""
    source = pixels.astype(np.float32)

    def axis(size, scaled):
        position = np.arange(scaled, dtype=np.float32) * (np.float32(size) / np.float32(scaled))
        low = np.minimum(np.floor(position).astype(int), size - 1)
        return low, np.minimum(low + 1, size - 1), (position - low.astype(np.float32)).astype(np.float32)

    top, bottom, down = axis(source.shape[0], height)
    left, right, across = axis(source.shape[1], width)
    across, down = across[None, :, None], down[:, None, None]
    above = source[top][:, left] + (source[top][:, right] - source[top][:, left]) * across
    below = source[bottom][:, left] + (source[bottom][:, right] - source[bottom][:, left]) * across
    return above + (below - above) * down


def resize_cases(rng):
    sizes = [
        ((7, 5), (3, 4)), ((5, 7), (13, 11)), ((33, 21), (8, 30)), ((1, 9), (4, 4)), ((9, 1), (4, 2)),
        ((64, 48), (10, 7)), ((16, 12), (16, 12)), ((16, 12), (16, 5)), ((16, 12), (5, 12)), ((3, 2), (40, 31)),
        ((101, 3), (2, 6)), ((40, 100), (30, 20)), ((20, 90), (40, 30)), ((20, 60), (15, 49)), ((20, 60), (15, 50)),
    ]
    cases = []
    for (width, height), (to_width, to_height) in sizes:
        # Only the ends of the range: the filters that overshoot must be clipped.
        pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        pixels = np.where(rng.random(pixels.shape) < 0.5, pixels, np.where(pixels < 128, 0, 255)).astype(np.uint8)
        image = Image.fromarray(pixels)
        outputs = {
            name: encode(np.asarray(image.resize((to_width, to_height), pil))) for name, (pil, _) in PIL_FILTERS.items()
        }
        outputs["tf1-bilinear"] = encode(tf1_bilinear(pixels, to_width, to_height).astype("<f4"))
        cases.append({"from": [width, height], "to": [to_width, to_height], "pixels": encode(pixels), "outputs": outputs})
    return cases


def write_pictures(rng):
    """Small pictures of the kinds that decoders disagree about, with the RGB that Pillow makes of each."""
    PICTURES.mkdir(exist_ok=True)
    y, x = np.mgrid[0:30, 0:40]
    rgb = np.stack([x * 6, y * 8, (x * y) % 256], axis=-1).astype(np.uint8)
    rgb[:8, :8] = [250, 20, 30]
    alpha = ((x * 13 + y * 7) % 256).astype(np.uint8)
    image = Image.fromarray(rgb)
    image.save(PICTURES / "rgb.png")
    image.convert("L").save(PICTURES / "grey.png")
    image.convert("L").save(PICTURES / "grey.jpg", quality=95)
    image.convert("1").save(PICTURES / "black-white.png")
    Image.fromarray(np.dstack([rgb, alpha])).save(PICTURES / "alpha.png")
    Image.fromarray(np.dstack([rgb[..., 0], alpha]), "LA").save(PICTURES / "grey-alpha.png")
    Image.fromarray(np.dstack([rgb, alpha])).save(PICTURES / "alpha.webp", lossless=True, exact=True)
    image.quantize(32).save(PICTURES / "palette.png")
    image.quantize(16).save(PICTURES / "palette-transparent.png", transparency=3)
    image.quantize(64).save(PICTURES / "palette.gif")
    frames = [image.quantize(64), ImageOps.invert(image).quantize(64)]
    frames[0].save(PICTURES / "animated.gif", save_all=True, append_images=frames[1:])
    image.save(PICTURES / "animated.webp", save_all=True, append_images=[ImageOps.invert(image)], lossless=True)
    image.save(PICTURES / "lossy.webp", quality=90)
    image.save(PICTURES / "pages.tif", save_all=True, append_images=[ImageOps.invert(image)], compression="tiff_lzw")
    image.convert("CMYK").save(PICTURES / "cmyk.jpg", quality=95)
    Image.fromarray(np.dstack([rgb, alpha // 2]), "CMYK").save(PICTURES / "cmyk.tif", compression="tiff_lzw")
    image.save(PICTURES / "444.jpg", quality=95, subsampling=0)
    image.save(PICTURES / "420.jpg", quality=90, subsampling=2)
    image.save(PICTURES / "progressive.jpg", quality=90, progressive=True)
    image.save(PICTURES / "picture.avif", quality=90, subsampling="4:4:4")
    # A colour profile that would show: sRGB's with red and blue swapped.
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile.replace(b"rXYZ", b"....", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"....", b"bXYZ", 1)
    profile = profile[:24] + bytes(12) + profile[36:]  # the date
    image.save(PICTURES / "profile.png", icc_profile=profile)
    grey16 = (x * 1600 + y * 37).astype(np.uint16)
    Image.fromarray(grey16).save(PICTURES / "grey-16.png")
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        image.save(PICTURES / f"orientation-{orientation}.jpg", quality=95, subsampling=0, exif=exif)
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(PICTURES / "orientation-6.png", exif=exif)

    decoded = {}
    for path in sorted(PICTURES.iterdir()):
        loaded = ImageOps.exif_transpose(Image.open(path))
        if path.name == "grey-16.png":
            # Pillow clips 16-bit grey to 255; scaled is what its 16-bit RGB does and what is wanted.
            pixels = np.repeat((grey16 >> 8).astype(np.uint8)[..., None], 3, axis=2)
        else:
            pixels = np.asarray(loaded.convert("RGB"))
        decoded[path.name] = {"width": pixels.shape[1], "height": pixels.shape[0], "pixels": encode(pixels)}
    return decoded


def transform(case):
    resolution, interpolation = case["resolution"], PIL_FILTERS[case["filter"]][1]
    steps = (
        [transforms.Resize((resolution, resolution), interpolation)]
        if case["crop"] == "squash"
        else [transforms.Resize(case["resize"], interpolation), transforms.CenterCrop(resolution)]
    )
    return transforms.Compose(steps + [transforms.ToTensor(), transforms.Normalize(MEAN, STD)])


def pipeline_cases():
    variants = [
        {"crop": "center", "resize": 256, "resolution": 224, "filter": "pil-bilinear"},
        {"crop": "center", "resize": 256, "resolution": 224, "filter": "pil-bicubic"},
        {"crop": "center", "resize": 183, "resolution": 160, "filter": "lanczos3"},
        {"crop": "center", "resize": 146, "resolution": 128, "filter": "nearest"},
        {"crop": "center", "resize": 900, "resolution": 331, "filter": "pil-bilinear"},
        {"crop": "squash", "resize": 224, "resolution": 224, "filter": "pil-bilinear"},
        {"crop": "squash", "resize": 192, "resolution": 192, "filter": "pil-bicubic"},
        # Smaller than the crop: black borders.
        {"crop": "center", "resize": 51, "resolution": 96, "filter": "pil-bilinear"},
    ]
    files = [("photos", name) for name in ("boats.jpg", "airplane.jpg", "allium.jpg")]
    files += [("golden/preprocess", "rgb.png"), ("golden/preprocess", "orientation-6.png")]
    cases = []
    for folder, name in files:
        image = ImageOps.exif_transpose(Image.open(HERE.parent / folder / name)).convert("RGB")
        for variant in variants:
            tensor = transform(variant)(image).permute(1, 2, 0).numpy()
            grid = tensor[::GRID, ::GRID].astype("<f4")
            cases.append({"file": f"{folder}/{name}", **variant, "grid": encode(grid), "mean": float(tensor.mean(dtype=np.float64))})
    return cases


def sample_grids(reference):
    """A sixteenth of the rows and columns of the crop, as 8-bit RGB before normalisation."""
    crop = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224)])
    folder = reference / "images" / "imagenet_samples"
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpeg", ".jpg"))
    grids = {}
    for path in paths[:: len(paths) // 20][:20]:
        pixels = np.asarray(crop(ImageOps.exif_transpose(Image.open(path)).convert("RGB")))
        grids[path.name] = encode(pixels[::GRID, ::GRID])
    return grids


def main():
    rng = np.random.default_rng(1704)
    path = HERE / "preprocess.json"
    if len(sys.argv) > 1:
        samples = sample_grids(pathlib.Path(sys.argv[1]))
    else:
        samples = json.loads(path.read_text())["samples"]
    golden = {
        "grid": GRID,
        "mean": MEAN,
        "std": STD,
        "resizes": resize_cases(rng),
        "decoded": write_pictures(rng),
        "pipelines": pipeline_cases(),
        "samples": samples,
    }
    path.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
