import type { Pads } from '../../networks/types.js';
import { placeAxis } from '../../networks/windows.js';
import { formatShape } from './imported-model.js';
import { type LayerCollection, renamed, type Target } from './layer-collection.js';
import { type MapValue, NO_PADS } from './value.js';

/** Largest window, stride, dilation and number of zeros on one side. */
export const MAX_WINDOW = 1024;

/** `kernelSize` and `stride` are those of the height; the width's are the same where they are not stated. */
export interface Window {
  readonly kernelSize: number;
  readonly kernelWidth?: number;
  readonly stride: number;
  readonly strideWidth?: number;
  readonly dilation?: number;
  readonly dilationWidth?: number;
  readonly pads: Pads;
}

export interface PlacedWindow {
  readonly height: number;
  readonly width: number;
  readonly pads: Pads;
}

/** Output size and pads of a window over `value`, zeros of a Pad before it included. */
export function placeWindow(
  errors: Pick<LayerCollection, 'damaged'>,
  value: Pick<MapValue, 'shape' | 'pads'>,
  window: Window,
  name: string,
): PlacedWindow {
  const { kernelSize, kernelWidth = kernelSize, stride, strideWidth = stride, dilation = 1 } = window;
  const { dilationWidth = dilation } = window;
  const pads = addPads(window.pads, value.pads ?? NO_PADS);
  checkWindow(errors, [kernelSize, kernelWidth, stride, strideWidth, dilation, dilationWidth], name);
  checkPads(errors, pads, name);
  const { height, width } = value.shape;
  const rowWindow = { kernelSize, stride, dilation };
  const columnWindow = { kernelSize: kernelWidth, stride: strideWidth, dilation: dilationWidth };
  const rows = placeAxis(height, rowWindow, 'explicit', pads.top, pads.bottom);
  const columns = placeAxis(width, columnWindow, 'explicit', pads.left, pads.right);
  if (rows.output < 1 || columns.output < 1) {
    throw errors.damaged(
      `${name} of ${kernelSize} × ${kernelWidth} over ${formatShape(value.shape)}, expected a window that fits`,
    );
  }
  return { height: rows.output, width: columns.output, pads };
}

/** A window with as many zeros as TensorFlow's SAME puts around `value`, beside those of a Pad before it. */
export function samePadded<W extends Omit<Window, 'pads'>>(
  errors: Pick<LayerCollection, 'damaged'>,
  value: Pick<MapValue, 'shape' | 'pads'>,
  window: W,
  name: string,
): W & Window {
  const { kernelSize, kernelWidth = kernelSize, stride, strideWidth = stride, dilation = 1 } = window;
  const { dilationWidth = dilation } = window;
  checkWindow(errors, [kernelSize, kernelWidth, stride, strideWidth, dilation, dilationWidth], name);
  const { shape, pads: around = NO_PADS } = value;
  const down = { kernelSize, stride, dilation };
  const across = { kernelSize: kernelWidth, stride: strideWidth, dilation: dilationWidth };
  const rows = placeAxis(shape.height + around.top + around.bottom, down, 'tensorflow');
  const columns = placeAxis(shape.width + around.left + around.right, across, 'tensorflow');
  const pads = { top: rows.before, bottom: rows.after, left: columns.before, right: columns.after };
  return { ...window, pads };
}

function checkWindow(errors: Pick<LayerCollection, 'damaged'>, counts: readonly number[], name: string): void {
  for (const count of counts) {
    if (!(Number.isInteger(count) && count >= 1 && count <= MAX_WINDOW)) {
      throw errors.damaged(`${name} with a window, stride or dilation of ${count}, expected 1 to ${MAX_WINDOW}`);
    }
  }
}

/** What layers say of their window: the width's numbers only where they are others. */
export function windowFields({ kernelSize, kernelWidth, stride, strideWidth, ...window }: Window, padding: Pads) {
  const { dilation = 1, dilationWidth = dilation } = window;
  return {
    kernelSize,
    ...(kernelWidth !== undefined && kernelWidth !== kernelSize && { kernelWidth }),
    stride,
    ...(strideWidth !== undefined && strideWidth !== stride && { strideWidth }),
    ...((dilation !== 1 || dilationWidth !== 1) && { dilation }),
    ...(dilationWidth !== dilation && { dilationWidth }),
    padding,
  };
}

export function addMaxPool(collection: LayerCollection, source: MapValue, window: Window, target: Target): MapValue {
  const value = collection.plain(source, target.name);
  const { height, width, pads } = placeWindow(collection, value, window, target.name);
  const shape = { height, width, channels: value.shape.channels };
  return collection.emit({ kind: 'maxPool', ...windowFields(window, pads) }, [value], shape, target);
}

export function addAveragePool(
  collection: LayerCollection,
  source: MapValue,
  window: Window,
  countsPadding: boolean,
  target: Target,
): MapValue {
  const value = collection.plain(source, target.name);
  const { kernelSize, kernelWidth = kernelSize, stride, strideWidth = stride } = window;
  const { height, width, pads } = placeWindow(collection, value, window, target.name);
  const padded = Object.values(pads).some((count) => count > 0);
  if (kernelSize === 1 && kernelWidth === 1 && stride === 1 && strideWidth === 1 && !padded) {
    return renamed(value, target);
  }
  const { shape } = value;
  // What lies outside of the map is not counted, so a larger window is the same mean.
  const covers = kernelSize >= shape.height && kernelWidth >= shape.width && height === 1 && width === 1;
  if (covers && !(padded && countsPadding)) return addGlobalPool(collection, value, 'globalAveragePool', target);
  const output = { height, width, channels: shape.channels };
  const layer = { kind: 'averagePool', ...windowFields(window, pads), countsPadding } as const;
  return collection.emit(layer, [value], output, target);
}

export function addGlobalPool(
  collection: LayerCollection,
  source: MapValue,
  kind: 'globalAveragePool' | 'globalMaxPool',
  target: Target,
): MapValue {
  const value = collection.plain(source, target.name);
  return collection.emit({ kind }, [value], { height: 1, width: 1, channels: value.shape.channels }, target);
}

/** Zeros wait for a convolution that takes them over; other values are a layer. */
export function addPad(
  collection: LayerCollection,
  source: MapValue,
  pads: Pads,
  padValue: number,
  target: Target,
): MapValue {
  const value = collection.unflattened(source, target.name);
  checkPads(collection, pads, target.name);
  if (padValue === 0) {
    const all = addPads(pads, value.pads ?? NO_PADS);
    checkPads(collection, all, target.name);
    const none = Object.values(all).every((count) => count === 0);
    return { ...renamed(value, target), pads: none ? undefined : all };
  }
  const inner = collection.unpadded(value, target.name);
  return collection.emit({ kind: 'pad', pads, value: padValue }, [inner], grow(inner, pads), target);
}

export function addCrop(collection: LayerCollection, source: MapValue, pads: Pads, target: Target): MapValue {
  const value = collection.plain(source, target.name);
  checkPads(collection, pads, target.name);
  if (Object.values(pads).every((count) => count === 0)) return renamed(value, target);
  const { top, bottom, left, right } = pads;
  const shape = grow(value, { top: -top, bottom: -bottom, left: -left, right: -right });
  if (shape.height < 1 || shape.width < 1) {
    throw collection.damaged(`${target.name} crops ${formatShape(value.shape)} to nothing, expected a smaller part`);
  }
  return collection.passPicture(value, collection.emit({ kind: 'crop', pads }, [value], shape, target));
}

function grow({ shape }: MapValue, { top, bottom, left, right }: Pads) {
  return { height: shape.height + top + bottom, width: shape.width + left + right, channels: shape.channels };
}

function addPads(a: Pads, b: Pads): Pads {
  return { top: a.top + b.top, bottom: a.bottom + b.bottom, left: a.left + b.left, right: a.right + b.right };
}

function checkPads(errors: Pick<LayerCollection, 'damaged'>, pads: Pads, name: string): void {
  for (const count of Object.values(pads)) {
    if (!(Number.isInteger(count) && count >= 0 && count <= MAX_WINDOW)) {
      throw errors.damaged(`${name} with ${count} rows around a map, expected 0 to ${MAX_WINDOW}`);
    }
  }
}
