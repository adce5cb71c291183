import { type DecodedImage, decode } from './decode.js';
import { type ResampleAxis, resample, resampleTf1 } from './resample.js';
import type { Preprocessing } from './types.js';

type Pixels = Pick<DecodedImage, 'data' | 'width' | 'height'>;

/** Where one axis of the network's input comes from: a window of the scaled picture, and where it lands. */
interface Placement {
  readonly axis: ResampleAxis;
  readonly offset: number;
}

/** Python's `round`: halves go to the even neighbour. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The middle `resolution` of `scaled` pixels, as torchvision's CenterCrop cuts or (if too small) pads with black. */
function placeCentre(source: number, scaled: number, resolution: number): Placement {
  if (scaled < resolution) {
    const axis = { source, scaled, start: 0, count: scaled };
    return { axis, offset: Math.floor((resolution - scaled) / 2) };
  }
  const start = roundHalfEven((scaled - resolution) / 2);
  return { axis: { source, scaled, start, count: resolution }, offset: 0 };
}

function placeWhole(source: number, resolution: number): Placement {
  return { axis: { source, scaled: resolution, start: 0, count: resolution }, offset: 0 };
}

function place(width: number, height: number, preprocessing: Preprocessing): { x: Placement; y: Placement } {
  const { crop, resize, resolution } = preprocessing;
  if (crop === 'squash') return { x: placeWhole(width, resolution), y: placeWhole(height, resolution) };
  // torchvision's Resize: the shorter side is exact, the longer is cut off, not rounded.
  const shorter = Math.min(width, height);
  const scale = (side: number) => (side === shorter ? resize : Math.trunc((resize * side) / shorter));
  return {
    x: placeCentre(width, scale(width), resolution),
    y: placeCentre(height, scale(height), resolution),
  };
}

/** (pixel / 255 − mean) / std in single precision, step by step as torchvision computes it. */
function normalise(pixel: number, mean: number, std: number): number {
  return Math.fround((Math.fround(Math.fround(pixel / 255) - Math.fround(mean)) as number) / Math.fround(std));
}

/** Copies pixels into the target through `convert`, row by row at the placement's offset. */
function fillTarget(
  pixels: Uint8ClampedArray | Float32Array,
  x: Placement,
  y: Placement,
  preprocessing: Preprocessing,
  target: Float32Array,
): void {
  const { resolution, mean, std } = preprocessing;
  const whole = x.axis.count === resolution && y.axis.count === resolution;
  if (!whole) {
    const black = [0, 1, 2].map((channel) => normalise(0, mean[channel]!, std[channel]!));
    for (let i = 0; i < target.length; i++) target[i] = black[i % 3]!;
  }
  const tables =
    pixels instanceof Float32Array
      ? undefined
      : [0, 1, 2].map((c) => Float32Array.from({ length: 256 }, (_, pixel) => normalise(pixel, mean[c]!, std[c]!)));
  let from = 0;
  for (let row = 0; row < y.axis.count; row++) {
    let to = ((y.offset + row) * resolution + x.offset) * 3;
    if (tables === undefined) {
      for (let column = 0; column < x.axis.count; column++) {
        for (let c = 0; c < 3; c++) target[to++] = normalise(pixels[from++]!, mean[c]!, std[c]!);
      }
      continue;
    }
    const red = tables[0]!;
    const green = tables[1]!;
    const blue = tables[2]!;
    for (let column = 0; column < x.axis.count; column++) {
      target[to] = red[pixels[from]!]!;
      target[to + 1] = green[pixels[from + 1]!]!;
      target[to + 2] = blue[pixels[from + 2]!]!;
      to += 3;
      from += 3;
    }
  }
}

/**
 * Scales, crops and normalises a decoded picture as torchvision's Resize, CenterCrop, ToTensor and Normalize do.
 * Only the pixels that the network sees are computed, so a 1 × 10000 picture costs no more than a square one.
 *
 * @param target resolution × resolution × 3, HWC; may be a view on shared memory
 * @throws RangeError if the target has another length
 */
export function prepareDecoded(image: Pixels, preprocessing: Preprocessing, target: Float32Array): void {
  const { resolution, filter } = preprocessing;
  if (target.length !== resolution * resolution * 3) {
    throw new RangeError(`target: ${target.length} floats, expected ${resolution} × ${resolution} × 3`);
  }
  const { x, y } = place(image.width, image.height, preprocessing);
  const pixels =
    filter === 'tf1-bilinear' ? resampleTf1(image.data, x.axis, y.axis) : resample(image.data, x.axis, y.axis, filter);
  fillTarget(pixels, x, y, preprocessing, target);
}

/**
 * A picture file (or its bytes) as the network's input.
 *
 * @param target resolution × resolution × 3, HWC; may be a view on shared memory
 * @returns size of the upright picture in pixels
 * @throws ImageError as `decode`
 */
export async function prepareImage(
  input: string | Uint8Array,
  preprocessing: Preprocessing,
  target: Float32Array,
): Promise<{ width: number; height: number }> {
  const image = await decode(input);
  prepareDecoded(image, preprocessing, target);
  return image.original;
}
