import type { PictureFacts } from '../domain/classification.js';
import type { PixelKernels } from '../domain/pixel-kernels.js';
import { type Preprocessing, preparedLength } from '../domain/preprocessing.js';
import { decode } from './decode.js';
import type { DecodedImage, DecodedPixels, DecodeOptions } from './decoded-image.js';
import { type Placement, place, placeDecoded } from './placement.js';
import { readBy, resample, resampleTf1 } from './resample.js';
import type { Size } from './shrink.js';

/** A picture as the network's input: values, or the bytes that stand for them. */
export type Prepared = Float32Array | Uint8Array;

/** (pixel / 255 − mean) / std in single precision, step by step as torchvision computes it. */
function normalise(pixel: number, mean: number, std: number): number {
  return Math.fround((Math.fround(Math.fround(pixel / 255) - Math.fround(mean)) as number) / Math.fround(std));
}

/**
 * What a byte of a scaled picture stands for in the network's input, for each channel: [3, 256].
 * Undefined where scaling gives no bytes.
 */
export function valuesOfBytes(preprocessing: Preprocessing): Float32Array | undefined {
  return givesBytes(preprocessing) ? normalisedBytes(preprocessing) : undefined;
}

/** Whether a picture in bytes, red, green and blue, says all: scaling rounds to bytes, and nothing is done to them. */
export function givesBytes({ filter, grey = false }: Pick<Preprocessing, 'filter' | 'grey'>): boolean {
  return filter !== 'tf1-bilinear' && !grey;
}

function normalisedBytes({ mean, std }: Preprocessing): Float32Array {
  const table = new Float32Array(3 * 256);
  for (let channel = 0; channel < 3; channel++) {
    const start = channel * 256;
    // Often the same for all channels.
    if (channel > 0 && mean[channel] === mean[0] && std[channel] === std[0]) table.copyWithin(start, 0, 256);
    else normaliseBytes(table.subarray(start, start + 256), mean[channel]!, std[channel]!);
  }
  return table;
}

/** As `normalise`, whose calls V8 would optimise, which takes a start longer: the table rounds each step. */
function normaliseBytes(table: Float32Array, mean: number, std: number): void {
  const [shift, scale] = [Math.fround(mean), Math.fround(std)];
  for (let pixel = 0; pixel < 256; pixel++) {
    table[pixel] = pixel / 255;
    table[pixel]! -= shift;
    table[pixel]! /= scale;
  }
}

function normaliseFloats(pixels: Float32Array, { mean, std }: Preprocessing): Float32Array {
  return pixels.map((pixel, i) => normalise(pixel, mean[i % 3]!, std[i % 3]!));
}

/** Copies pixels into the target at the placement's offset, black around them. */
function fillTarget(
  values: Float32Array | Uint8Array,
  x: Placement,
  y: Placement,
  { resolution, mean, std }: Preprocessing,
  target: Prepared,
): void {
  if (x.axis.count === resolution && y.axis.count === resolution) {
    target.set(values);
    return;
  }
  if (target instanceof Uint8Array) target.fill(0);
  else for (let i = 0; i < target.length; i++) target[i] = normalise(0, mean[i % 3]!, std[i % 3]!);
  const width = x.axis.count * 3;
  for (let row = 0; row < y.axis.count; row++) {
    target.set(values.subarray(row * width, (row + 1) * width), ((y.offset + row) * resolution + x.offset) * 3);
  }
}

/**
 * Scales and crops a decoded picture as torchvision's Resize and CenterCrop do, and (floats) normalises it as ToTensor and
 * Normalize do. Only the pixels that the network sees are computed, so a 1 × 10000 picture costs no more than a square one.
 *
 * @param target resolution × resolution × 3 (1 where the network takes grey pictures), HWC; may be a view on shared memory.
 * Bytes only where there are `valuesOfBytes`
 * @throws RangeError if the target has another length, or is of bytes where there are none
 */
export function prepareDecoded(
  image: DecodedPixels,
  preprocessing: Preprocessing,
  target: Prepared,
  kernels: PixelKernels,
): void {
  const { filter, grey } = preprocessing;
  const length = preparedLength(preprocessing);
  if (target.length !== length) throw new RangeError(`target: ${target.length} values, expected ${length}`);
  if (grey) {
    prepareGrey(image, preprocessing, target, kernels);
    return;
  }
  const { x, y } = placeDecoded(image, preprocessing);
  if (filter === 'tf1-bilinear') {
    if (target instanceof Uint8Array) throw new RangeError(`target: bytes, expected floats for ${filter}`);
    const values = normaliseFloats(resampleTf1(image.data, x.axis, y.axis), preprocessing);
    fillTarget(values, x, y, preprocessing, target);
    return;
  }
  const pixels = resample(image.data, x.axis, y.axis, filter, kernels, image.held);
  const values = target instanceof Uint8Array ? pixels : kernels.lookUp(pixels, normalisedBytes(preprocessing));
  fillTarget(values, x, y, preprocessing, target);
}

/**
 * As Pillow's `convert('L')`, then the rest: the luminance stands in all three channels until everything is scaled. Of
 * equal channels scaling makes equal channels.
 */
function prepareGrey(
  image: DecodedPixels,
  preprocessing: Preprocessing,
  target: Prepared,
  kernels: PixelKernels,
): void {
  const colour = { ...preprocessing, grey: false };
  const values = new Float32Array(preparedLength(colour));
  prepareDecoded({ ...image, data: greyed(image.data) }, colour, values, kernels);
  for (let pixel = 0; pixel < target.length; pixel++) target[pixel] = values[3 * pixel]!;
}

/** L = (19595 R + 38470 G + 7471 B + 32768) ÷ 65536, rounded down, three times (Pillow's src/libImaging/Convert.c). */
function greyed(rgb: Uint8Array): Uint8Array {
  const grey = new Uint8Array(rgb.length);
  for (let at = 0; at < rgb.length; at += 3) {
    grey.fill((19595 * rgb[at]! + 38470 * rgb[at + 1]! + 7471 * rgb[at + 2]! + 32768) >> 16, at, at + 3);
  }
  return grey;
}

/** Shorter side that the preview of a camera raw file must have to be classified in its place, in pixels. */
export function leastPreviewOf({ crop, resize, resolution }: Preprocessing): number {
  return crop === 'squash' ? resolution : resize;
}

/** Filters that take single pixels want all of them. */
function scaledTo(width: number, height: number, preprocessing: Preprocessing): Size | undefined {
  const { filter } = preprocessing;
  if (filter === 'nearest' || filter === 'tf1-bilinear') return undefined;
  const { x, y } = place(width, height, preprocessing);
  return { width: x.axis.scaled, height: y.axis.scaled };
}

export interface PrepareOptions extends DecodeOptions {
  /** Whether every pixel is decoded, also where fewer are enough. */
  readonly fullDecode?: boolean | undefined;
  /** Whether many pictures are prepared by this thread. */
  readonly hasMany?: boolean;
}

/** What the preprocessing asks of the decoder. */
function wantedBy(preprocessing: Preprocessing, fullDecode = false): DecodeOptions {
  return {
    leastPreview: leastPreviewOf(preprocessing),
    ...(!fullDecode && { scaledTo: (width, height) => scaledTo(width, height, preprocessing) }),
  };
}

/**
 * A picture file (or its bytes) as the network's input.
 *
 * @param target as `prepareDecoded`
 * @returns size of the upright picture in pixels, and what is to be known of how it was read
 * @throws ImageError as `decode`
 */
export async function prepareImage(
  input: string | Uint8Array,
  preprocessing: Preprocessing,
  target: Prepared,
  kernels: PixelKernels | Promise<PixelKernels>,
  { fullDecode, hasMany = false, ...options }: PrepareOptions = {},
): Promise<DecodedImage['original'] & { readonly facts: PictureFacts }> {
  const columnsOf = (width: number, height: number) =>
    readBy(place(width, height, preprocessing).x.axis, preprocessing.filter);
  const image = await decode(input, {
    ...options,
    releases: hasMany,
    columnsOf,
    ...wantedBy(preprocessing, fullDecode),
  });
  try {
    prepareDecoded(image, preprocessing, target, await kernels);
  } finally {
    image.release?.();
  }
  return { ...image.original, facts: image.facts };
}

/** The whole picture that would be prepared, upright. @throws ImageError as `decode` */
export async function decodeWhole(
  input: string | Uint8Array,
  preprocessing: Preprocessing,
  { fullDecode, ...options }: PrepareOptions = {},
): Promise<DecodedImage> {
  return decode(input, { ...options, ...wantedBy(preprocessing, fullDecode) });
}
