import type { Activation, Layer } from '../../networks/types.js';
import { formatShape } from './imported-model.js';
import { type LayerCollection, renamed, type Target } from './layer-collection.js';
import { isRow, type MapValue, type Range } from './value.js';

/** Layers that clip their outputs themselves; behind others a layer of its own does. */
const CLIPPING: ReadonlySet<Layer['kind']> = new Set([
  'conv',
  'depthwise',
  'pointwise',
  'dense',
  'add',
  'maxPool',
  'globalAveragePool',
  'activation',
]);

export type Combination = 'multiply' | 'subtract' | 'maximum' | 'minimum';

export function addActivation(
  collection: LayerCollection,
  source: MapValue,
  activation: Activation,
  target: Target,
  parameters: readonly number[] = [],
): MapValue {
  const value = collection.unpadded(source, target.name);
  if (activation === 'linear') return renamed(value, target);
  for (const parameter of parameters) {
    if (!Number.isFinite(parameter))
      throw collection.damaged(`${target.name} with ${parameter}, expected a finite number`);
  }
  const fields = { activation, ...(parameters.length > 0 && { activationParameters: parameters }) };
  const layer = collection.openLayer(value);
  if (layer === undefined) return collection.emit({ kind: 'activation', ...fields }, [value], value.shape, target);
  collection.replace({ ...layer, ...fields });
  return { ...value, dims: target.dims, order: target.order, readers: target.readers };
}

export function addClip(collection: LayerCollection, source: MapValue, range: Range, target: Target): MapValue {
  const value = collection.unpadded(source, target.name);
  if (!(Number.isFinite(range[0]) && Number.isFinite(range[1]) && range[0] < range[1])) {
    throw collection.damaged(`${target.name} clips to ${range.join(' … ')}, expected two finite numbers in order`);
  }
  const layer = collection.layerOf(value);
  if (layer !== undefined && CLIPPING.has(layer.kind) && value.readers === 1) {
    const low = Math.max(range[0], layer.range?.[0] ?? Number.NEGATIVE_INFINITY);
    const high = Math.min(range[1], layer.range?.[1] ?? Number.POSITIVE_INFINITY);
    if (low < high) {
      collection.replace({ ...layer, range: [low, high] });
      return { ...value, dims: target.dims, order: target.order, readers: target.readers };
    }
  }
  return collection.emit({ kind: 'activation', activation: 'linear', range }, [value], value.shape, target);
}

/** The activation that `value` × `gate` is, where `gate` is known to be made of `value`. */
export function gatedActivation(collection: LayerCollection, value: MapValue, gate: MapValue): Activation | undefined {
  const layer = collection.layerOf(gate);
  if (layer?.kind !== 'activation' || layer.inputs[0] !== value.layer || layer.range !== undefined) return undefined;
  if (layer.activation === 'sigmoid') return 'swish';
  return layer.activation === 'hardSigmoid' && layer.activationParameters === undefined ? 'hardSwish' : undefined;
}

export function addGated(
  collection: LayerCollection,
  value: MapValue,
  gate: MapValue,
  activation: Activation,
  target: Target,
): MapValue {
  const joins = value.readers === 2 && gate.readers === 1;
  return addActivation(collection, joins ? { ...value, readers: 1 } : value, activation, target);
}

export function addSum(collection: LayerCollection, left: MapValue, right: MapValue, target: Target): MapValue {
  const [a, b] = alike(collection, left, right, target);
  if (formatShape(a.shape) !== formatShape(b.shape)) {
    throw collection.unsupported(
      `${target.name} adds ${formatShape(a.shape)} and ${formatShape(b.shape)}, expected one shape (no broadcasting)`,
    );
  }
  return collection.emit({ kind: 'add' }, [a, b], a.shape, target);
}

export function addCombination(
  collection: LayerCollection,
  operator: Combination,
  left: MapValue,
  right: MapValue,
  target: Target,
): MapValue {
  const [a, b] = alike(collection, left, right, target);
  if (formatShape(a.shape) === formatShape(b.shape))
    return collection.emit({ kind: operator }, [a, b], a.shape, target);
  if (operator === 'multiply') {
    const count = ({ shape }: MapValue) => shape.height * shape.width * shape.channels;
    return count(a) >= count(b) ? addScale(collection, a, b, target) : addScale(collection, b, a, target);
  }
  throw collection.unsupported(
    `${target.name}: ${operator} of ${formatShape(a.shape)} and ${formatShape(b.shape)}, expected one shape`,
  );
}

/** `map` times one factor for each channel, for each pixel, or for all. */
export function addScale(collection: LayerCollection, map: MapValue, factors: MapValue, target: Target): MapValue {
  const [a, b] = alike(collection, map, factors, target);
  const { height, width, channels } = b.shape;
  const ofChannels = height === 1 && width === 1 && (channels === a.shape.channels || channels === 1);
  const ofPixels = height === a.shape.height && width === a.shape.width && channels === 1;
  if (!ofChannels && !ofPixels) {
    throw collection.unsupported(
      `${target.name} multiplies ${formatShape(a.shape)} by ${formatShape(b.shape)}, expected ` +
        `1 × 1 × ${a.shape.channels}`,
    );
  }
  return collection.emit({ kind: 'scale' }, [a, b], a.shape, target);
}

export function addPrelu(
  collection: LayerCollection,
  source: MapValue,
  slopes: readonly number[],
  target: Target,
): MapValue {
  const value = collection.plain(source, target.name);
  const { height, width, channels } = value.shape;
  const perPixel = slopes.length !== channels;
  if (perPixel && slopes.length !== height * width * channels) {
    throw collection.unsupported(
      `${target.name} with ${slopes.length} slopes, expected one for each of ${channels} channels`,
    );
  }
  if (slopes.every((slope) => slope === slopes[0])) {
    return addActivation(collection, value, 'leakyRelu', target, [slopes[0]!]);
  }
  for (const slope of slopes) {
    if (!Number.isFinite(slope)) throw collection.damaged(`${target.name} holds ${slope}, expected finite numbers`);
  }
  const weights = collection.allocate(perPixel ? [height, width, channels] : [channels]);
  weights.data.set(slopes);
  const layer = { kind: 'prelu', ...(perPixel && { perPixel }) } as const;
  return collection.emit(layer, [value], value.shape, target, { weights });
}

/** Two operands whose values lie alike: rows of one map's values stay that map, others are laid out. */
function alike(collection: LayerCollection, left: MapValue, right: MapValue, { name }: Target): [MapValue, MapValue] {
  const [a, b] = [collection.unpadded(left, name), collection.unpadded(right, name)];
  if (isRow(a) && isRow(b) && a.order === b.order && formatShape(a.shape) === formatShape(b.shape)) return [a, b];
  return [collection.unflattened(a, name), collection.unflattened(b, name)];
}
