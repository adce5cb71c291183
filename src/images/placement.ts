import type { Area } from '../domain/area.js';
import type { Preprocessing } from '../domain/preprocessing.js';
import type { DecodedImage } from './decoded-image.js';
import { type ResampleAxis, sourcePosition } from './resample.js';
import type { Shrunk, Size } from './shrink.js';

/** Where one axis of the network's input comes from: a window of the scaled picture, and where it lands. */
export interface Placement {
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

type Sized = Pick<DecodedImage, 'width' | 'height'> & { readonly shrunk?: Shrunk | undefined };

export function place(width: number, height: number, preprocessing: Preprocessing): { x: Placement; y: Placement } {
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

/** The size that a decoded picture is scaled by: of a shrunk one, the size that it has in its file. */
export function placedSize({ width, height, shrunk }: Sized): Size {
  return shrunk?.from ?? { width, height };
}

/** As `place`, for a picture that may have been shrunk while it was decoded: the crop stays where it is. */
export function placeDecoded(
  { width, height, shrunk }: Sized,
  preprocessing: Preprocessing,
): { x: Placement; y: Placement } {
  const placed = placedSize({ width, height, shrunk });
  const { x, y } = place(placed.width, placed.height, preprocessing);
  if (!shrunk) return { x, y };
  return {
    x: { ...x, axis: { ...x.axis, shrunk: { pixels: width, part: shrunk.x, block: shrunk.block } } },
    y: { ...y, axis: { ...y.axis, shrunk: { pixels: height, part: shrunk.y, block: shrunk.block } } },
  };
}

/**
 * The part of a picture of this size that the network's square input shows: edge to edge, so that pixel (i, j) of the input
 * lies i + ½ and j + ½ pixels of it from its corner. Where the input is padded it is larger than the picture.
 */
export function inputArea(
  { width, height }: { readonly width: number; readonly height: number },
  preprocessing: Preprocessing,
): Area {
  const { x, y } = place(width, height, preprocessing);
  const [across, down] = [spanOf(x, preprocessing), spanOf(y, preprocessing)];
  return { x: across.start, y: down.start, width: across.length, height: down.length };
}

function spanOf({ axis, offset }: Placement, { resolution, filter }: Preprocessing) {
  const scale = axis.source / axis.scaled;
  const start = sourcePosition(axis, filter, axis.start - offset);
  return { start, length: resolution * scale };
}
