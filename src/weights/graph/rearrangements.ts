import { formatShape } from './imported-model.js';
import { type LayerCollection, renamed, type Target } from './layer-collection.js';
import type { MapValue } from './value.js';

export type ResizeMethod = 'nearest' | 'bilinear';

/** Where a pixel of a resized map lies in the map that it is made of. */
export type Coordinates = 'halfPixel' | 'asymmetric' | 'alignCorners';

export function addConcat(collection: LayerCollection, sources: readonly MapValue[], target: Target): MapValue {
  const values = sources.map((source) => collection.plain(source, target.name));
  const [first] = values;
  if (first === undefined) throw collection.damaged(`${target.name} of nothing, expected at least one map`);
  if (values.length === 1) return renamed(first, target);
  const { height, width } = first.shape;
  const other = values.find(({ shape }) => shape.height !== height || shape.width !== width);
  if (other !== undefined) {
    throw collection.unsupported(
      `${target.name} of ${formatShape(first.shape)} and ${formatShape(other.shape)}, expected maps of one size`,
    );
  }
  const channels = values.reduce((sum, { shape }) => sum + shape.channels, 0);
  return collection.emit({ kind: 'concat' }, values, { height, width, channels }, target);
}

/** Channels from `from` up to `to`, that one left out. */
export function addSlice(
  collection: LayerCollection,
  source: MapValue,
  from: number,
  to: number,
  target: Target,
): MapValue {
  const value = collection.plain(source, target.name);
  const { height, width, channels } = value.shape;
  if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from < to && to <= channels)) {
    throw collection.damaged(`${target.name} takes channels ${from} to ${to} of ${channels}, expected some of them`);
  }
  if (to - from === channels) return renamed(value, target);
  return collection.emit({ kind: 'slice', from, to }, [value], { height, width, channels: to - from }, target);
}

export function addResize(
  collection: LayerCollection,
  source: MapValue,
  height: number,
  width: number,
  method: ResizeMethod,
  coordinates: Coordinates,
  target: Target,
): MapValue {
  const value = collection.plain(source, target.name);
  const { shape } = value;
  if (!(Number.isInteger(height) && Number.isInteger(width) && height >= 1 && width >= 1)) {
    throw collection.damaged(`${target.name} to ${height} × ${width}, expected whole numbers of pixels`);
  }
  if (height === shape.height && width === shape.width) return renamed(value, target);
  const layer = { kind: 'resize', height, width, method, coordinates } as const;
  const made = collection.emit(layer, [value], { height, width, channels: shape.channels }, target);
  return collection.passPicture(value, made);
}

export function addSoftmax(collection: LayerCollection, source: MapValue, target: Target): MapValue {
  const value = collection.plain(source, target.name);
  const { height, width } = value.shape;
  if (height !== 1 || width !== 1) {
    throw collection.unsupported(`${target.name} over a map of pixels, expected a 1 × 1 map of classes`);
  }
  return collection.emit({ kind: 'softmax' }, [value], value.shape, target);
}
