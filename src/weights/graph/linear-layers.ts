import type { LayerCollection, Target, WeightLayout } from './layer-collection.js';
import { type ConstantValue, isRow, type MapValue, NO_PADS } from './value.js';
import { MAX_WINDOW, placeWindow, type Window, windowFields } from './windows.js';

const PLAIN = { batchNorm: false, bias: false, activation: 'linear' } as const;

export function addConv(
  collection: LayerCollection,
  source: MapValue,
  constant: ConstantValue,
  layout: WeightLayout,
  outChannels: number,
  window: Window,
  target: Target,
  groups: number,
): MapValue {
  const value = collection.unflattened(source, target.name);
  const { stride, strideWidth = stride } = window;
  const placed = placeWindow(collection, value, window, target.name);
  const isPoint = window.kernelSize === 1 && (window.kernelWidth ?? 1) === 1 && groups === 1 && strideWidth === stride;
  const bare = isPoint && Object.values(placed.pads).every((count) => count === 0);
  const shape = bare ? layout.shape.slice(-2) : layout.shape;
  const weights = collection.makeWeights(constant, { shape, strides: layout.strides.slice(-shape.length) });
  const output = { height: placed.height, width: placed.width, channels: outChannels };
  if (!bare) {
    const grouped = groups === 1 ? {} : { groups };
    const layer = { kind: 'conv', outChannels, ...PLAIN, ...windowFields(window, placed.pads), ...grouped } as const;
    return collection.emit(layer, [value], output, target, { weights });
  }
  const single = value.shape.height === 1 && value.shape.width === 1;
  const layer = single
    ? ({ kind: 'dense', outChannels, ...PLAIN } as const)
    : ({ kind: 'pointwise', outChannels, ...PLAIN, stride } as const);
  return collection.emit(layer, [value], output, target, { weights });
}

export function addDepthwise(
  collection: LayerCollection,
  source: MapValue,
  constant: ConstantValue,
  layout: WeightLayout,
  window: Window,
  target: Target,
  multiplier: number,
): MapValue {
  const value = collection.unflattened(source, target.name);
  const { height, width, pads } = placeWindow(collection, value, window, target.name);
  const weights = collection.makeWeights(constant, layout);
  const multiplied = multiplier === 1 ? {} : { multiplier };
  return collection.emit(
    { kind: 'depthwise', ...PLAIN, ...windowFields(window, pads), ...multiplied },
    [value],
    { height, width, channels: value.shape.channels * multiplier },
    target,
    { weights },
  );
}

export function addDense(
  collection: LayerCollection,
  source: MapValue,
  constant: ConstantValue,
  strides: { readonly input: number; readonly output: number },
  outChannels: number,
  target: Target,
): MapValue {
  const value = collection.unpadded(source, target.name);
  const { height, width, channels } = value.shape;
  const common = { outChannels, ...PLAIN } as const;
  const output = { height: 1, width: 1, channels: outChannels };
  if (height === 1 && width === 1) {
    const layout = { shape: [channels, outChannels], strides: [strides.input, strides.output] };
    return collection.emit({ kind: 'dense', ...common }, [value], output, target, {
      weights: collection.makeWeights(constant, layout),
    });
  }
  if (height > MAX_WINDOW || width > MAX_WINDOW) {
    throw collection.unsupported(
      `${target.name} over ${height} × ${width} pixels, expected at most ${MAX_WINDOW} a side`,
    );
  }
  // Over a flattened map it is a convolution whose window is the whole map.
  const [row, column, channel] = value.order === 'CHW' ? [width, 1, height * width] : [width * channels, channels, 1];
  const layout = {
    shape: [height, width, channels, outChannels],
    strides: [row * strides.input, column * strides.input, channel * strides.input, strides.output],
  };
  const window = { kernelSize: height, kernelWidth: width, stride: 1, pads: NO_PADS };
  const layer = { kind: 'conv', ...common, ...windowFields(window, NO_PADS) } as const;
  return collection.emit(layer, [value], output, target, { weights: collection.makeWeights(constant, layout) });
}

export function addAffine(
  collection: LayerCollection,
  source: MapValue,
  scale: readonly number[],
  offset: readonly number[],
  target: Target,
): MapValue {
  for (const factor of [...scale, ...offset]) {
    if (!Number.isFinite(factor)) throw collection.damaged(`${target.name} holds ${factor}, expected finite numbers`);
  }
  const value = scaled(collection, source, scale, offset, target);
  const { channels } = value.shape;
  if (scale.length !== channels || offset.length !== channels) {
    throw collection.damaged(`${target.name} scales ${scale.length} channels, expected ${channels}`);
  }
  if (collection.isPicture(value)) return scalePicture(collection, value, scale, offset, target);
  const layer = collection.openLayer(value);
  if (layer === undefined) {
    // Nothing to join: one weight for each channel.
    const weights = collection.allocate([1, 1, channels]);
    weights.data.fill(1);
    const window = { kernelSize: 1, stride: 1, padding: NO_PADS } as const;
    const alone = collection.emit(
      { kind: 'depthwise', isNorm: true, ...PLAIN, ...window },
      [value],
      value.shape,
      target,
      {
        weights,
      },
    );
    return addAffine(collection, { ...alone, readers: 1 }, scale, offset, target);
  }
  const own = collection.weights.get(layer.name)!;
  const weights = own.weights.data;
  if (scale.some((factor) => factor !== 1)) {
    for (let i = 0; i < weights.length; i++) weights[i] = weights[i]! * scale[i % channels]!;
  }
  const bias = own.bias ?? collection.allocate([channels]);
  for (let channel = 0; channel < channels; channel++) {
    bias.data[channel] = bias.data[channel]! * scale[channel]! + offset[channel]!;
  }
  collection.weights.set(layer.name, { ...own, bias });
  collection.replace({ ...layer, bias: true });
  return { ...value, dims: target.dims, order: target.order, readers: target.readers };
}

/** What is scaled: a row of values stays the map that it was where all of them are scaled alike. */
function scaled(
  collection: LayerCollection,
  source: MapValue,
  scale: readonly number[],
  offset: readonly number[],
  target: Target,
): MapValue {
  const alike = scale.every((factor) => factor === scale[0]) && offset.every((term) => term === offset[0]);
  const { name } = target;
  if (!isRow(source) || (alike && scale.length === source.shape.channels)) return collection.unpadded(source, name);
  return collection.plain(source, name);
}

function scalePicture(
  collection: LayerCollection,
  value: MapValue,
  scale: readonly number[],
  offset: readonly number[],
  target: Target,
): MapValue {
  const { scale: a, offset: b } = collection.inputAffine ?? { scale: scale.map(() => 1), offset: scale.map(() => 0) };
  collection.inputAffine = {
    scale: scale.map((factor, channel) => factor * a[channel]!),
    offset: scale.map((factor, channel) => factor * b[channel]! + offset[channel]!),
  };
  return { ...value, dims: target.dims, order: target.order, readers: target.readers };
}
