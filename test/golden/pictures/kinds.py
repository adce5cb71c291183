"""Makes kinds.json and kinds/: small pictures of the kinds that decoders get wrong or refuse.

Run with Pillow 13.0, tifffile 2026.3, imagecodecs 2026.3 and cjpeg of libjpeg-turbo:  python test/golden/pictures/kinds.py

For each file width, height and the SHA-256 of the upright RGB bytes, or (AVIF) those bytes: Pillow's (exif_transpose, then convert("RGB")), or the
pixels that were written where Pillow is known to give others (`reason` says why). Of files that are whole but are not
decoded, the error and a part of its message.
"""
import base64
import hashlib
import json
import pathlib
import struct
import subprocess
import warnings
import zlib

import imagecodecs
import numpy as np
import tifffile
from PIL import Image, ImageOps, PngImagePlugin

HERE = pathlib.Path(__file__).parent
OUT = HERE / "kinds"
WIDTH, HEIGHT = 24, 16
y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
RGB = np.stack([x * 10, y * 15, (x * y * 3) % 256], axis=-1).astype(np.uint8)
RGB[:5, :5] = [250, 20, 30]
WIDE = (RGB.astype(np.uint16) * 257) ^ np.uint16(37)
ALPHA = ((x * 37 + y * 29) % 256).astype(np.uint8)
CLEAR = np.where(y < 6, 0, ALPHA).astype(np.uint8)
INKS = np.dstack([RGB, ((x + y) * 4).astype(np.uint8)])
IMAGE = Image.fromarray(RGB)
PALETTE = IMAGE.quantize(32)
XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="%d"/></x:xmpmeta>'
XMP_ELEMENT = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><tiff:Orientation>%d</tiff:Orientation></x:xmpmeta>'

# Files whose pixels are known and that Pillow reads in another way, or not at all.
known = {}
# Files that are whole but are not decoded, with a part of the message.
unsupported = {}


def tiff(name, data, **options):
    tifffile.imwrite(OUT / name, data, **options)


def planes(data):
    return np.moveaxis(data, -1, 0).copy()


def mixed(inks):
    return np.asarray(Image.fromarray(inks, "CMYK").convert("RGB"))


def grey(data):
    return np.repeat(data[..., None], 3, axis=2)


def exif(orientation):
    block = Image.Exif()
    block[0x0112] = orientation
    return block


def write_tiffs():
    inks = INKS.astype(np.uint16) * 257
    for compression in ("none", "lzw", "deflate", "packbits"):
        packed = None if compression == "none" else compression
        tiff(f"cmyk-16-{compression}.tif", inks, photometric="separated", compression=packed)
    tiff("cmyk-16-big-endian.tif", inks, photometric="separated", byteorder=">")
    tiff("cmyk-16-tiled.tif", inks, photometric="separated", tile=(16, 16))
    tiff("cmyk-16-planar.tif", planes(inks), photometric="separated", planarconfig="separate")
    known["cmyk-16-planar.tif"] = mixed(INKS), "Pillow takes planes of 16 bits for pairs of bytes"
    tiff("cmyk-8.tif", INKS, photometric="separated")
    tiff("cmyk-8-alpha.tif", np.dstack([INKS, ALPHA]), photometric="separated", extrasamples=["unassalpha"])
    known["cmyk-8-alpha.tif"] = mixed(INKS), "Pillow does not read ink with alpha"
    tiff("rgb-16.tif", WIDE, photometric="rgb", compression="lzw", predictor=True)
    tiff("rgb-16-tiled.tif", WIDE, photometric="rgb", tile=(16, 16), compression="deflate")
    tiff("rgb-16-planar.tif", planes(WIDE), photometric="rgb", planarconfig="separate")
    known["rgb-16-planar.tif"] = RGB, "Pillow takes planes of 16 bits for pairs of bytes"
    tiff("rgb-8-planar.tif", planes(RGB), photometric="rgb", planarconfig="separate")
    tiff("rgb-8-big.tif", RGB, photometric="rgb", bigtiff=True, byteorder=">")
    known["rgb-8-big.tif"] = RGB, "Pillow does not read BigTIFF that is big-endian"
    tiff("rgba-16.tif", np.dstack([WIDE, WIDE[..., 0]]), photometric="rgb", extrasamples=["unassalpha"])
    tiff("rgba-8.tif", np.dstack([RGB, CLEAR]), photometric="rgb", extrasamples=["unassalpha"])
    clips = "Pillow clips grey of 16 bits, where it scales colours"
    for name, data in (("grey-16", WIDE[..., 0]), ("grey-16-white", ~WIDE[..., 0])):
        tiff(f"{name}.tif", WIDE[..., 0], photometric="miniswhite" if "white" in name else "minisblack")
        known[f"{name}.tif"] = grey((data >> 8).astype(np.uint8)), clips
    tiff("grey-alpha-16.tif", np.dstack([WIDE[..., 0], WIDE[..., 1]]), photometric="minisblack", extrasamples=["unassalpha"])
    known["grey-alpha-16.tif"] = grey(RGB[..., 0]), "Pillow does not read grey of 16 bits with alpha"
    tiff("grey-8-white.tif", RGB[..., 0], photometric="miniswhite")
    tiff("grey-alpha-8.tif", np.dstack([RGB[..., 0], ALPHA]), photometric="minisblack", extrasamples=["unassalpha"])
    tiff("bilevel.tif", RGB[..., 0] > 120, photometric="minisblack")
    tiff("bilevel-white.tif", RGB[..., 0] > 120, photometric="miniswhite")
    IMAGE.convert("1").save(OUT / "fax-4.tif", compression="group4")
    colours = np.zeros((3, 256), np.uint16)
    listed = np.array(PALETTE.getpalette()).reshape(-1, 3)
    colours[:, : len(listed)] = listed.T * 257
    tiff("palette.tif", np.array(PALETTE), photometric="palette", colormap=colours)
    tiff("jpeg.tif", RGB, photometric="ycbcr", compression="jpeg", compressionargs={"level": 95}, tile=(16, 16))
    for orientation in (3, 5, 8):
        IMAGE.save(OUT / f"orientation-{orientation}.tif", tiffinfo={274: orientation})
    IMAGE.save(OUT / "xmp-6.tif", tiffinfo={700: (XMP % 6).encode()})

    refused = {
        "lzma.tif": (RGB, {"photometric": "rgb", "compression": "lzma"}, "LZMA"),
        "zstd.tif": (RGB, {"photometric": "rgb", "compression": "zstd"}, "Zstandard"),
        "jpeg-2000.tif": (RGB, {"photometric": "rgb", "compression": "jpeg2000"}, "JPEG 2000"),
        "lab-8.tif": (RGB, {"photometric": "cielab"}, "L*a*b*"),
        "icc-lab.tif": (RGB, {"photometric": "icclab"}, "ICC L*a*b*"),
        "float.tif": ((RGB / 255).astype(np.float32), {"photometric": "rgb"}, "float samples"),
        "grey-float.tif": ((RGB[..., 0] / 255).astype(np.float64), {"photometric": "minisblack"}, "float samples"),
        "signed.tif": (WIDE[..., 0].astype(np.int16), {"photometric": "minisblack"}, "signed samples"),
        "rgb-32.tif": (WIDE.astype(np.uint32), {"photometric": "rgb"}, "32 bits per sample"),
        "ycbcr.tif": (RGB, {"photometric": "ycbcr"}, "YCbCr"),
        "raw.tif": (WIDE[..., 0], {"photometric": 32803}, "camera raw file without a JPEG preview"),
    }
    for name, (data, options, says) in refused.items():
        tiff(name, data, **options)
        unsupported[name] = says
    tiff("planar-tiles.tif", planes(RGB), photometric="rgb", planarconfig="separate", tile=(16, 16))
    unsupported["planar-tiles.tif"] = "tiles for each channel"
    write_old_jpeg()


def write_old_jpeg():
    """TIFF 6.0's first way to hold a JPEG file."""
    IMAGE.save(OUT / "old.jpg", quality=90)
    data = (OUT / "old.jpg").read_bytes()
    (OUT / "old.jpg").unlink()
    start = 8 + 2 + 10 * 12 + 4
    entries = [
        (256, 4, WIDTH), (257, 4, HEIGHT), (258, 3, 8), (259, 3, 6), (262, 3, 6), (273, 4, start), (277, 3, 3),
        (279, 4, len(data)), (513, 4, start), (514, 4, len(data)),
    ]
    directory = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHI", tag, kind, 1) + struct.pack("<I", value) for tag, kind, value in entries
    )
    (OUT / "old-jpeg.tif").write_bytes(b"II*\0" + struct.pack("<I", 8) + directory + bytes(4) + data)
    unsupported["old-jpeg.tif"] = "old-style JPEG"


def write_jpegs():
    IMAGE.convert("CMYK").save(OUT / "cmyk.jpg", quality=95)
    for space in ("cmyk", "ycck"):
        data = imagecodecs.jpeg8_encode(INKS, colorspace="cmyk", outcolorspace=space, level=95)
        (OUT / f"inks-{space}.jpg").write_bytes(data)
    (OUT / "rgb.jpg").write_bytes(imagecodecs.jpeg8_encode(RGB, colorspace="rgb", outcolorspace="rgb", level=95))
    (OUT / "lossless.jpg").write_bytes(imagecodecs.ljpeg_encode(RGB[..., 0].copy()))
    ppm = b"P6 %d %d 255\n" % (WIDTH, HEIGHT) + RGB.tobytes()
    for name, options in (("arithmetic", ["-arithmetic"]), ("arithmetic-progressive", ["-arithmetic", "-progressive"])):
        made = subprocess.run(["cjpeg", "-quality", "95", *options], input=ppm, capture_output=True, check=True)
        (OUT / f"{name}.jpg").write_bytes(made.stdout)
    for name, data in (
        ("bits-12.jpg", imagecodecs.jpeg_encode(WIDE >> 4, bitspersample=12, level=95)),
        ("lossless-16.jpg", imagecodecs.ljpeg_encode(WIDE[..., 0].copy(), bitspersample=16)),
        ("jpeg-ls.jpg", imagecodecs.jpegls_encode(RGB)),
    ):
        (OUT / name).write_bytes(data)
        unsupported[name] = "JPEG-LS" if name == "jpeg-ls.jpg" else "bits per sample"
    IMAGE.save(OUT / "xmp-8.jpg", quality=95, xmp=(XMP % 8).encode())
    IMAGE.save(OUT / "xmp-element-6.jpg", quality=95, xmp=(XMP_ELEMENT % 6).encode())
    IMAGE.save(OUT / "exif-3-xmp-6.jpg", quality=95, exif=exif(3), xmp=(XMP % 6).encode())
    # No orientation, but the tag is there: XMP does not count.
    IMAGE.save(OUT / "exif-0-xmp-6.jpg", quality=95, exif=exif(0), xmp=(XMP % 6).encode())


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_pngs():
    raw = "\nexif\n%8d\n%s\n"
    for orientation, packed in ((6, True), (5, False), (8, True)):
        block = exif(orientation).tobytes()
        digits = "\n".join(block.hex()[at : at + 72] for at in range(0, 2 * len(block), 72))
        info = PngImagePlugin.PngInfo()
        info.add_text("Raw profile type exif", raw % (len(block), digits), zip=packed)
        IMAGE.save(OUT / f"raw-profile-{orientation}.png", pnginfo=info)
    for orientation, packed in ((6, False), (7, True)):
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP % orientation, zip=packed)
        IMAGE.save(OUT / f"xmp-{orientation}.png", pnginfo=info)
    for orientation in (2, 6):
        IMAGE.save(OUT / f"exif-{orientation}.png", exif=exif(orientation))
    plain = (OUT / "exif-6.png").read_bytes()
    kept = chunk(b"eXIf", exif(6).tobytes()[6:])
    assert kept in plain
    plain = plain.replace(kept, b"")
    (OUT / "late-exif-6.png").write_bytes(plain[:-12] + kept + plain[-12:])
    late = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + (XMP % 8).encode())
    (OUT / "late-xmp-8.png").write_bytes(plain[:-12] + late + plain[-12:])
    Image.fromarray(np.dstack([RGB, CLEAR])).save(OUT / "clear.png")
    IMAGE.save(OUT / "trns-rgb.png", transparency=(250, 20, 30))
    IMAGE.convert("L").save(OUT / "trns-grey.png", transparency=50)
    PALETTE.save(OUT / "trns-palette.png", transparency=bytes([0, 128, 255] * 10))
    (OUT / "rgb-16.png").write_bytes(imagecodecs.png_encode(WIDE))
    (OUT / "rgba-16.png").write_bytes(imagecodecs.png_encode(np.dstack([WIDE, WIDE[..., :1]])))
    Image.fromarray(WIDE[..., 0].copy()).save(OUT / "grey-16.png")
    known["grey-16.png"] = grey(RGB[..., 0]), "Pillow clips grey of 16 bits, where it scales colours"


def write_gifs():
    PALETTE.save(OUT / "plain.gif")
    PALETTE.save(OUT / "clear.gif", transparency=3)
    PALETTE.save(OUT / "rows.gif", interlace=False)
    IMAGE.convert("L").save(OUT / "grey.gif")
    IMAGE.convert("L").save(OUT / "grey-clear.gif", transparency=100)
    other = ImageOps.invert(IMAGE).quantize(32)
    for disposal in (0, 1, 2, 3):
        frames = {"save_all": True, "append_images": [other], "transparency": 3, "disposal": disposal}
        PALETTE.save(OUT / f"disposal-{disposal}.gif", **frames)
    for name, source, screen, place in (
        ("small-frame", "plain", (40, 30), (9, 7)),
        ("small-frame-clear", "clear", (40, 30), (9, 7)),
        ("large-frame", "plain", (20, 10), (0, 0)),
        ("shifted-frame", "clear", (26, 18), (9, 7)),
    ):
        data = bytearray((OUT / f"{source}.gif").read_bytes())
        struct.pack_into("<HH", data, 6, *screen)
        at = data.index(b"\x2c" + bytes(4) + struct.pack("<HH", WIDTH, HEIGHT))
        struct.pack_into("<HH", data, at + 1, *place)
        data[11] = 5  # the background's index, which does not count
        (OUT / f"{name}.gif").write_bytes(data)


def write_others():
    Image.fromarray(np.dstack([RGB, CLEAR])).save(OUT / "clear.webp", lossless=True, exact=True)
    IMAGE.save(OUT / "exif-6.webp", lossless=True, exif=exif(6))
    IMAGE.save(OUT / "xmp-5.webp", lossless=True, xmp=(XMP % 5).encode())
    full = {"quality": 95, "subsampling": "4:4:4"}
    IMAGE.save(OUT / "exif-6.avif", exif=exif(6), **full)
    IMAGE.save(OUT / "xmp-6.avif", xmp=(XMP % 6).encode(), **full)
    IMAGE.save(OUT / "exif-6-xmp-3.avif", exif=exif(6), xmp=(XMP % 3).encode(), **full)
    Image.fromarray(np.dstack([RGB, CLEAR])).save(OUT / "clear.avif", **full)
    IMAGE.save(OUT / "sequence.avif", save_all=True, append_images=[ImageOps.invert(IMAGE)], **full)
    unsupported["sequence.avif"] = "AVIF sequence"


def describe(path):
    if path.name in unsupported:
        return {"error": "unsupported-format", "says": unsupported[path.name]}
    if path.name in known:
        pixels, reason = known[path.name]
    else:
        pixels, reason = np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB")), None
    height, width = pixels.shape[:2]
    data = np.ascontiguousarray(pixels).tobytes()
    # Decoders of AVIF differ in the last digit.
    content = {"pixels": base64.b64encode(data).decode()} if path.suffix == ".avif" else {"sha256": hashlib.sha256(data).hexdigest()}
    return {"width": width, "height": height, **content, **({"reason": reason} if reason else {})}


def main():
    warnings.simplefilter("ignore")
    OUT.mkdir(exist_ok=True)
    for path in OUT.iterdir():
        path.unlink()
    for write in (write_tiffs, write_jpegs, write_pngs, write_gifs, write_others):
        write()
    kinds = {path.name: describe(path) for path in sorted(OUT.iterdir())}
    (HERE / "kinds.json").write_text(json.dumps(kinds, indent=1) + "\n")


if __name__ == "__main__":
    main()
