import type { Coordinates } from '../../../graph/rearrangements.js';
import { isRow, type MapValue, multiply } from '../../../graph/value.js';
import {
  asMap,
  type KerasCall,
  type LayerHandler,
  mapInput,
  passOn,
  readPair,
  refuseLayer,
  showSetting,
  soleInput,
} from '../layer-handler.js';
import { readMargins } from './windows.js';

export const flatten: LayerHandler = (call) => {
  const value = soleInput(call);
  const { data_format: format } = call.layer.config;
  if (format === 'channels_first') throw refuseLayer(call, 'has data_format "channels_first", expected channels_last');
  return reshapeTo(call, value, [multiply(value.dims)]);
};

export const reshape: LayerHandler = (call) => {
  const { target_shape: wanted } = call.layer.config;
  if (!Array.isArray(wanted)) throw refuseLayer(call, 'has no target_shape');
  return reshapeTo(call, soleInput(call), wanted);
};

/** The same values with other dimensions (without the batch's), where they stay a map or a row. */
export function reshapeTo(call: KerasCall, value: MapValue, wanted: readonly unknown[]): MapValue {
  const count = multiply(value.dims);
  const known = multiply(wanted.map((size) => (typeof size === 'number' && size !== -1 ? size : 1)));
  const sizes = wanted.map((size) => {
    if (size === -1 || size === null) return count / known;
    return typeof size === 'number' ? size : Number.NaN;
  });
  const dims = [1, ...sizes];
  const { height, width, channels } = value.shape;
  const isMap = dims.join() === [1, height, width, channels].join();
  const isRowOfAll = sizes.length > 0 && sizes.at(-1) === count && multiply(sizes) === count;
  if (value.pads !== undefined || !(isMap || (isRowOfAll && sizes.length !== 2))) {
    throw refuseLayer(
      call,
      `makes ${sizes.join('×')} of ${value.dims.slice(1).join('×')} values, expected the same map or all values in a row`,
    );
  }
  return passOn(value, { ...call.target, dims });
}

/** Axes in another order are supported where that changes nothing. */
export const permute: LayerHandler = (call) => {
  const value = soleInput(call);
  const { dims: order } = call.layer.config;
  const stated: readonly unknown[] = Array.isArray(order) ? order : [];
  const axes = stated.filter((axis) => typeof axis === 'number');
  const moved = axes.filter((axis) => value.dims[axis] !== 1);
  const isSame =
    stated.length === value.dims.length - 1 && moved.every((axis, place) => place === 0 || axis > moved[place - 1]!);
  const dims = [1, ...axes.map((axis) => value.dims[axis] ?? 0)];
  if (!isSame || dims.join() !== value.dims.join() || isRow(value)) {
    throw refuseLayer(call, `moves the axes to ${showSetting(order)}, expected an order that changes nothing`);
  }
  return passOn(value, call.target);
};

export const zeroPadding: LayerHandler = (call) => {
  const value = mapInput(call);
  const pads = readMargins(call, call.layer.config.padding ?? 1);
  const [, height, width, channels] = value.dims as [number, number, number, number];
  const dims = [1, height + pads.top + pads.bottom, width + pads.left + pads.right, channels];
  return call.graph.builder.pad(value, pads, 0, { ...call.target, dims });
};

export const cropping: LayerHandler = (call) => {
  const value = mapInput(call);
  return asMap(call.graph.builder.crop(value, readMargins(call, call.layer.config.cropping ?? 0), call.target));
};

export const centerCrop: LayerHandler = (call) => {
  const value = mapInput(call);
  const size = sizeOf(call);
  const spare = { rows: value.shape.height - size.height, columns: value.shape.width - size.width };
  if (spare.rows < 0 || spare.columns < 0) {
    throw refuseLayer(call, `takes ${size.height}×${size.width} of a smaller map, expected a part of it`);
  }
  const [top, left] = [Math.floor(spare.rows / 2), Math.floor(spare.columns / 2)];
  const pads = { top, bottom: spare.rows - top, left, right: spare.columns - left };
  return asMap(call.graph.builder.crop(value, pads, call.target));
};

/** Takes a part by chance in training only; without a part to take it does nothing. */
export const randomCrop: LayerHandler = (call) => {
  const value = mapInput(call);
  const { height, width } = sizeOf(call);
  if (height !== value.shape.height || width !== value.shape.width) {
    throw refuseLayer(call, 'resizes images, expected a model whose input has the size that is cropped to');
  }
  return passOn(value, call.target);
};

export const resizing: LayerHandler = (call) => {
  const value = mapInput(call);
  const { config } = call.layer;
  const { height, width } = sizeOf(call);
  const keepsAspect = config.crop_to_aspect_ratio === true || config.pad_to_aspect_ratio === true;
  if (keepsAspect && height * value.shape.width !== width * value.shape.height) {
    throw refuseLayer(call, 'crops or pads to another aspect ratio, expected a resizing alone');
  }
  if (config.antialias === true) throw refuseLayer(call, 'resizes with antialias, expected a resizing without');
  return resizeTo(call, value, height, width, config.interpolation ?? 'bilinear');
};

export const upSampling: LayerHandler = (call) => {
  const value = mapInput(call);
  const factors = readPair(call.layer.config.size ?? 2);
  if (factors === undefined) throw refuseLayer(call, 'has a size that is not two whole numbers');
  const [rows, columns] = factors;
  const { height, width } = value.shape;
  // TensorFlow.js itself goes by the pixels' corners.
  const coordinates = call.graph.writer === 'tfjs' ? 'asymmetric' : 'halfPixel';
  const method = call.layer.config.interpolation ?? 'nearest';
  return resizeTo(call, value, height * rows, width * columns, method, coordinates);
};

/** As `tf.image.resize` of TensorFlow 2 does, whose pixels' centres lie at a half, where nothing else is stated. */
export function resizeTo(
  call: KerasCall,
  value: MapValue,
  height: number,
  width: number,
  method: unknown,
  coordinates: Coordinates = 'halfPixel',
): MapValue {
  if (method !== 'nearest' && method !== 'bilinear') {
    throw refuseLayer(call, `resizes with the interpolation ${showSetting(method)}, expected bilinear or nearest`);
  }
  return asMap(call.graph.builder.resize(value, height, width, method, coordinates, call.target));
}

function sizeOf(call: KerasCall): { readonly height: number; readonly width: number } {
  const { height, width } = call.layer.config;
  if (!Number.isInteger(height) || !Number.isInteger(width)) {
    throw refuseLayer(call, 'has a height or width that is no whole number');
  }
  return { height: height as number, width: width as number };
}
