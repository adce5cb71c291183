import type { Layer } from '../../networks/types.js';
import { addGated } from './element-wise.js';
import type { LayerCollection, Target } from './layer-collection.js';
import type { MapValue } from './value.js';

/** Of a factor that a file states in single precision. */
const ROUNDING = 1e-6;

/** x × (ReLU6(x + 3) × 1/6), as networks have it that are older than the operator; undefined for anything else. */
export function hardSwishOfGate(
  collection: LayerCollection,
  value: MapValue,
  gate: MapValue,
  target: Target,
): MapValue | undefined {
  const sixth = collection.layerOf(gate);
  if (sixth === undefined || !scalesAll(collection, sixth, 1 / 6, 0) || sixth.range !== undefined) return undefined;
  if (!('activation' in sixth) || sixth.activation !== 'linear') return undefined;
  const shifted = collection.layerOf({ ...gate, layer: sixth.inputs[0]! });
  if (!isShiftedRelu6(collection, shifted, value)) return undefined;
  return addGated(collection, value, gate, 'hardSwish', target);
}

/** (x × ReLU6(x + 3)) × 1/6; undefined for anything else. */
export function hardSwishOfProduct(
  collection: LayerCollection,
  product: MapValue,
  scale: readonly number[],
  offset: readonly number[],
  target: Target,
): MapValue | undefined {
  if (product.readers !== 1 || !scale.every((factor) => isNear(factor, 1 / 6)) || !offset.every((term) => term === 0)) {
    return undefined;
  }
  const [a, b] = collection.factorsOf(product) ?? [];
  if (a === undefined || b === undefined) return undefined;
  for (const [value, gate] of [
    [a, b],
    [b, a],
  ] as const) {
    if (isShiftedRelu6(collection, collection.layerOf(gate), value)) {
      return addGated(collection, value, gate, 'hardSwish', target);
    }
  }
  return undefined;
}

/** ReLU6(value + 3), as a layer of its own. */
function isShiftedRelu6(collection: LayerCollection, layer: Layer | undefined, value: MapValue): boolean {
  if (layer === undefined || !scalesAll(collection, layer, 1, 3) || layer.inputs[0] !== value.layer) return false;
  if (!('activation' in layer)) return false;
  if (layer.activation === 'relu6') return layer.range === undefined;
  return layer.activation === 'linear' && layer.range?.[0] === 0 && layer.range[1] === 6;
}

/** Whether a layer multiplies all channels by one factor, adds one term, and does nothing else before its activation. */
function scalesAll(collection: LayerCollection, layer: Layer, factor: number, term: number): boolean {
  if (layer.kind !== 'depthwise' || layer.kernelSize !== 1 || (layer.kernelWidth ?? 1) !== 1) return false;
  if (layer.stride !== 1 || (layer.strideWidth ?? 1) !== 1 || (layer.multiplier ?? 1) !== 1) return false;
  const own = collection.weights.get(layer.name);
  const bias = own?.bias?.data ?? [];
  return (
    own !== undefined &&
    [...own.weights.data].every((weight) => isNear(weight, factor)) &&
    (layer.bias ? [...bias].every((each) => each === term) : term === 0)
  );
}

function isNear(value: number, expected: number): boolean {
  return Math.abs(value - expected) <= ROUNDING * expected;
}
