"""Makes formats.json and formats/: small pictures of the formats that have a reader of their own, with the RGB that Pillow
makes of each.

Run with Pillow 13.0, numpy 2.4:  python test/golden/formats.py
Pixels are base64, RGB, row by row. Files that Pillow does not open have the pixels that they were made from, or, where
16 bits of grey become 8, those of the rule in docs/pictures.md.
"""
import base64
import io
import json
import pathlib
import struct

import numpy as np
from PIL import Image

HERE = pathlib.Path(__file__).parent
PICTURES = HERE / "formats"
WIDTH, HEIGHT = 13, 7
decoded = {}


def encode(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def add(name, data, pixels=None):
    """Writes a file; `pixels` where Pillow cannot say them, in which case it must not open the file or differ."""
    (PICTURES / name).write_bytes(data)
    if pixels is None:
        image = Image.open(io.BytesIO(data)).convert("RGB")
        pixels = np.asarray(image)
        decoded[name] = {"width": image.width, "height": image.height, "pixels": encode(pixels), "by": "Pillow"}
    else:
        height, width, _ = pixels.shape
        decoded[name] = {"width": width, "height": height, "pixels": encode(pixels), "by": "formats.py"}


def packed_rows(rows, bits, top_down):
    """Indices or values of `bits` bits as rows of whole 32-bit words."""
    out = b""
    for row in rows if top_down else rows[::-1]:
        number, length = 0, 0
        if bits <= 8:
            for value in row:
                number, length = (number << bits) | int(value), length + bits
            pad = -length % 32
            out += (number << pad).to_bytes((length + pad) // 8, "big")
        else:
            data = b"".join(int(value).to_bytes(bits // 8, "little") for value in row)
            out += data + bytes(-len(data) % 4)
    return out


def dib(rows, bits, *, compression=0, palette=None, masks=(), size=40, top_down=False, data=None, colours=None, height=None):
    """A bitmap from its header on, and where its pixels begin."""
    count = 0 if palette is None else len(palette)
    tall = height or len(rows)
    data = packed_rows(rows, bits, top_down) if data is None else data
    if size == 12:
        header = struct.pack("<IHHHH", 12, len(rows[0]), tall, 1, bits)
        table = b"".join(bytes([b, g, r]) for r, g, b in palette or [])
    else:
        header = struct.pack(
            "<IiiHHIIiiII", 40, len(rows[0]), -tall if top_down else tall, 1, bits, compression, len(data), 0, 0,
            count if colours is None else colours, 0)
        header += b"".join(struct.pack("<I", mask) for mask in masks)
        header = struct.pack("<I", size) + header[4:]
        header = header[:size] if size < 40 else header + bytes(max(0, size - len(header)))
        table = b"".join(bytes([b, g, r, 0]) for r, g, b in palette or [])
    return header + table + data, len(header) + len(table)


def bmp(*args, **named):
    body, pixels_at = dib(*args, **named)
    return b"BM" + struct.pack("<IHHI", 14 + len(body), 0, 0, 14 + pixels_at) + body


def rle(rows, bits, rng):
    """Runs and literals in turn, with skips at the start of some rows."""
    out = b""
    for row in rows[::-1]:
        x = 0
        while x < len(row):
            run = 1
            while x + run < len(row) and row[x + run] == row[x]:
                run += 1
            if run >= 3 or len(row) - x < 3:
                value = int(row[x])
                run = run if run >= 3 else 1
                out += bytes([run, value if bits == 8 else value * 17])
                x += run
                continue
            count = min(len(row) - x, 3 + int(rng.integers(0, 4)))
            values = [int(v) for v in row[x:x + count]]
            if bits == 8:
                data = bytes(values)
            else:
                pairs = values + [0] * (count % 2)
                data = bytes(pairs[i] * 16 + pairs[i + 1] for i in range(0, len(pairs), 2))
            out += bytes([0, count]) + data + bytes(len(data) % 2)
            x += count
        out += b"\0\0"
    return out[:-2] + b"\0\1"


def write_bitmaps(rng):
    palettes = {bits: [tuple(int(v) for v in rng.integers(0, 256, 3)) for _ in range(1 << bits)] for bits in (1, 2, 4, 8)}
    for bits in (1, 4, 8):
        rows = rng.integers(0, 1 << bits, (HEIGHT, WIDTH))
        palette = palettes[bits]
        add(f"indexed-{bits}.bmp", bmp(rows, bits, palette=palette))
        add(f"indexed-{bits}-os2.bmp", bmp(rows, bits, palette=palette, size=12))
        add(f"indexed-{bits}-os2v2.bmp", bmp(rows, bits, palette=palette, size=64))
        add(f"indexed-{bits}-top-down.bmp", bmp(rows, bits, palette=palette, size=124, top_down=True))
    rows = rng.integers(0, 4, (HEIGHT, WIDTH))
    add("indexed-2.bmp", bmp(rows, 2, palette=palettes[2]), np.array(palettes[2], np.uint8)[rows])
    few = rng.integers(0, 20, (HEIGHT, WIDTH))
    add("indexed-8-few.bmp", bmp(few, 8, palette=palettes[8][:20]))
    add("indexed-8-beyond.bmp", bmp(few, 8, palette=palettes[8][:9]))
    grey = rng.integers(0, 256, (HEIGHT, WIDTH))
    add("grey-8.bmp", bmp(grey, 8, palette=[(i, i, i) for i in range(256)]))
    rgb = rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint32)
    value = rgb[..., 0] << 16 | rgb[..., 1] << 8 | rgb[..., 2]
    alpha = rng.integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint32)
    add("rgb-24.bmp", bmp(value, 24))
    add("rgb-24-os2.bmp", bmp(value, 24, size=12))
    add("rgb-24-top-down.bmp", bmp(value, 24, top_down=True))
    add("rgb-24-short.bmp", bmp(value, 24, size=16), rgb.astype(np.uint8))
    add("rgb-32.bmp", bmp(value | alpha << 24, 32))
    add("rgba-32-v4.bmp", bmp(value | alpha << 24, 32, compression=3, masks=(0xFF0000, 0xFF00, 0xFF, 0xFF000000), size=108))
    shifted = (value << np.uint32(8)) | alpha
    add("rgb-32-fields.bmp", bmp(shifted, 32, compression=3, masks=(0xFF000000, 0xFF0000, 0xFF00)))
    wide = np.array(rng.integers(0, 2 ** 30, (HEIGHT, WIDTH)), np.uint32)
    tens = np.stack([(wide >> s & 1023).astype(np.uint64) * 255 // 1023 for s in (20, 10, 0)], -1).astype(np.uint8)
    add("rgb-32-ten-bits.bmp", bmp(wide, 32, compression=3, masks=(1023 << 20, 1023 << 10, 1023), size=56), tens)
    words = rng.integers(0, 65536, (HEIGHT, WIDTH))
    add("rgb-16.bmp", bmp(words, 16))
    add("rgb-16-565.bmp", bmp(words, 16, compression=3, masks=(0xF800, 0x7E0, 0x1F)))
    add("rgb-16-565-v4.bmp", bmp(words, 16, compression=3, masks=(0xF800, 0x7E0, 0x1F, 0), size=108))
    for bits in (4, 8):
        rows = np.repeat(rng.integers(0, 1 << bits, (HEIGHT, WIDTH)), 3, axis=1)[:, :WIDTH]
        rows[2, :9] = rng.integers(0, 1 << bits, 9)
        coded = rle(rows, bits, rng)
        add(f"rle{bits}.bmp", bmp(rows, bits, compression=3 - bits // 4, palette=palettes[bits], data=coded))
    # A row that is skipped in part, another as a whole, and the end before the last row.
    coded = bytes([0, 2, 4, 1, 5, 9, 0, 0, 3, 200, 0, 0, 0, 1])
    rows = np.zeros((HEIGHT, WIDTH), int)
    rows[HEIGHT - 2, 4:9] = 9
    rows[HEIGHT - 3, :3] = 200
    add("rle8-skips.bmp", bmp(rows, 8, compression=1, palette=palettes[8], data=coded), np.array(palettes[8], np.uint8)[rows])
    blue = np.array([[(10, 20, 30)] * 4 + [(1, 2, 3), (4, 5, 6), (7, 8, 9)]], np.uint8)
    coded = bytes([4, 30, 20, 10, 0, 3, 3, 2, 1, 6, 5, 4, 9, 8, 7, 0, 0, 1])
    add("rle24.bmp", bmp(blue[..., 0], 24, compression=4, size=64, data=coded), blue)
    return value, alpha, rgb.astype(np.uint8), palettes


def write_netpbm(rng):
    rgb = rng.integers(0, 256, (HEIGHT, WIDTH, 3))
    grey = rng.integers(0, 256, (HEIGHT, WIDTH))
    bits = rng.integers(0, 2, (HEIGHT, WIDTH))
    size = b"%d %d" % (WIDTH, HEIGHT)

    def text(values):
        return b"\n".join(b" ".join(b"%d" % v for v in row) for row in values.reshape(HEIGHT, -1)) + b"\n"

    add("raw.ppm", b"P6\n# a comment\n" + size + b"\n255\n" + rgb.astype(np.uint8).tobytes())
    add("raw.pgm", b"P5 " + size + b" 255\n" + grey.astype(np.uint8).tobytes())
    add("raw.pbm", b"P4\n" + size + b"\n" + np.packbits(bits.astype(np.uint8), axis=1).tobytes())
    add("plain.ppm", b"P3\n" + size + b" # after a number\n255\n" + text(rgb))
    add("plain.pgm", b"P2\n" + size + b"\n# two\n# comments\n255\n" + text(grey)[:-1])
    add("plain.pbm", b"P1\n" + size + b"\n" + b"# in between\n".join(text(bits).splitlines(True)))
    add("plain-dense.pbm", b"P1\n" + size + b"\n" + text(bits).replace(b" ", b""))
    for largest in (1, 2, 15, 100, 254):
        scaled = rgb % (largest + 1)
        add(f"raw-{largest}.ppm", b"P6 " + size + b" %d\n" % largest + scaled.astype(np.uint8).tobytes())
    add("plain-15.ppm", b"P3 " + size + b" 15\n" + text(rgb % 16))
    add("raw-100.pgm", b"P5 " + size + b" 100\n" + (grey % 101).astype(np.uint8).tobytes())
    wide = rng.integers(0, 65536, (HEIGHT, WIDTH, 3))
    add("raw-65535.ppm", b"P6 " + size + b" 65535\n" + wide.astype(">u2").tobytes())
    add("raw-1023.ppm", b"P6 " + size + b" 1023\n" + (wide % 1024).astype(">u2").tobytes())
    add("plain-65535.ppm", b"P3 " + size + b" 65535\n" + text(wide))
    # Pillow's grey of 16 bits is clipped at 255 when it becomes RGB; here it is scaled, as its colours of 16 bits are.
    expected = np.repeat(np.round(wide[..., :1] / 65535 * 255).astype(np.uint8), 3, axis=2)
    add("raw-65535.pgm", b"P5 " + size + b" 65535\n" + wide[..., 0].astype(">u2").tobytes(), expected)


def icon(entries, kind=1):
    """`entries`: (width, height, colours, depth, data)"""
    at = 6 + 16 * len(entries)
    head = struct.pack("<HHH", 0, kind, len(entries))
    body = b""
    for width, height, colours, depth, data in entries:
        head += struct.pack("<BBBBHHII", width % 256, height % 256, colours, 0, 1, depth, len(data), at + len(body))
        body += data
    return head + body


def write_icons(value, alpha, palettes, rng):
    def mask(rows):
        return packed_rows(rows, 1, False)

    half = rng.integers(0, 2, (HEIGHT, WIDTH))
    full = dib(value | alpha << 24, 32, height=2 * HEIGHT)[0] + mask(half)
    indices = rng.integers(0, 16, (HEIGHT, WIDTH))
    small = dib(indices[:3, :4], 4, palette=palettes[4], height=6)[0] + mask(half[:3, :4])
    sixteen = dib(indices, 4, palette=palettes[4], height=2 * HEIGHT)[0] + mask(half)
    rgb = Image.fromarray(rng.integers(0, 256, (20, 30, 4), dtype=np.uint8))
    buffer = io.BytesIO()
    rgb.save(buffer, "png")
    add("one.ico", icon([(WIDTH, HEIGHT, 0, 32, full)]))
    add("three.ico", icon([(4, 3, 16, 4, small), (WIDTH, HEIGHT, 0, 32, full), (WIDTH, HEIGHT, 16, 4, sixteen)]))
    add("png.ico", icon([(WIDTH, HEIGHT, 0, 32, full), (30, 20, 0, 32, buffer.getvalue())]))
    add("pointer.cur", icon([(4, 3, 3, 1, small), (WIDTH, HEIGHT, 5, 6, full)], 2))
    largest = Image.fromarray(rng.integers(0, 256, (256, 256, 3), dtype=np.uint8).repeat(1, axis=0)).quantize(4)
    buffer = io.BytesIO()
    largest.save(buffer, "ico", sizes=[(16, 16), (24, 24)], bitmap_format="bmp")
    add("pillow.ico", buffer.getvalue())


def main():
    PICTURES.mkdir(exist_ok=True)
    rng = np.random.default_rng(13)
    value, alpha, _, palettes = write_bitmaps(rng)
    write_netpbm(rng)
    write_icons(value, alpha, palettes, rng)
    (HERE / "formats.json").write_text(json.dumps(decoded, indent=1) + "\n")


main()
