import type { Pads, Shape } from '../../networks/types.js';

/** How a graph's four dimensions (1 in front) lie: ONNX and PyTorch CHW, TensorFlow HWC. */
export type AxisOrder = 'CHW' | 'HWC';

export type Range = readonly [minimum: number, maximum: number];

/** What a name of the graph stands for, in terms of layers. */
export interface MapValue {
  readonly kind: 'map';
  /** The layer whose output it is, or `NETWORK_INPUT`. */
  readonly layer: string;
  /** The map, also of what was flattened. */
  readonly shape: Shape;
  /** As the graph sees it: four dimensions, or fewer once it is flattened. */
  readonly dims: readonly number[];
  /** How the values lie, or lay before they were flattened. */
  readonly order: AxisOrder;
  /** Zeros that a Pad put around it, for the next convolution to take over. */
  readonly pads: Pads | undefined;
  /** How many operations (and outputs of the graph) read the layer's output. */
  readonly readers: number;
  /** Between which its values lie, where that is known. */
  readonly bounds?: Range | undefined;
}

/** Real value = scale × (stored − zeroPoint): one pair, or one for each index along `axis`. */
export interface StoredScales {
  readonly axis: number;
  readonly scales: readonly number[];
  readonly zeroPoints: readonly number[];
}

export interface ConstantValue {
  readonly kind: 'constant';
  readonly dims: readonly number[];
  /** Decodes the stored numbers, as many as `dims` multiply to. */
  readonly read: () => ArrayLike<number>;
  readonly stored: StoredScales | undefined;
  /** Where it comes from, for messages and layers' names. */
  readonly name: string;
}

export type Value = MapValue | ConstantValue;

export const NO_PADS: Pads = { top: 0, bottom: 0, left: 0, right: 0 };

/** Whether the values of more than one pixel are laid out in a row. */
export function isRow({ dims, shape, order }: MapValue): boolean {
  if (shape.height * shape.width === 1 || Math.max(...dims) !== multiply(dims)) return false;
  const map = dims.length === 4 ? mapOf(dims, order) : undefined;
  return map?.height !== shape.height || map.width !== shape.width;
}

export function multiply(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 1);
}

/** The map that these dimensions are; undefined where they are no map of one picture and no row of values. */
export function mapOf(dims: readonly number[], order: AxisOrder): Shape | undefined {
  if (dims.length === 4 && dims[0] === 1) {
    const [, a, b, c] = dims as [number, number, number, number];
    return order === 'CHW' ? { height: b, width: c, channels: a } : { height: a, width: b, channels: c };
  }
  const count = multiply(dims);
  return dims.length > 0 && Math.max(...dims) === count ? { height: 1, width: 1, channels: count } : undefined;
}

/**
 * Values of a constant in single precision, laid out anew: the result's index (i, j, …) over `shape` takes the stored
 * number at i × strides[0] + j × strides[1] + … `source` is what `constant.read` gave.
 */
export function layOut(
  constant: ConstantValue,
  shape: readonly number[],
  strides: readonly number[],
  source: ArrayLike<number>,
  target: Float32Array,
): void {
  const axes = 4 - shape.length;
  const [n0, n1, n2, n3] = [...new Array<number>(axes).fill(1), ...shape] as [number, number, number, number];
  const [s0, s1, s2, s3] = [...new Array<number>(axes).fill(0), ...strides] as [number, number, number, number];
  const dequantise = dequantiser(constant);
  let to = 0;
  for (let a = 0; a < n0; a++) {
    for (let b = 0; b < n1; b++) {
      for (let c = 0; c < n2; c++) {
        let from = a * s0 + b * s1 + c * s2;
        for (let d = 0; d < n3; d++, from += s3) {
          target[to++] = dequantise === undefined ? source[from]! : dequantise(source[from]!, from);
        }
      }
    }
  }
}

/** A constant's real values, in their own order; for short ones. */
export function readReals(constant: ConstantValue): number[] {
  const source = constant.read();
  const dequantise = dequantiser(constant);
  return Array.from(source, (value, index) => (dequantise === undefined ? value : dequantise(value, index)));
}

function dequantiser({ stored, dims }: ConstantValue): ((value: number, index: number) => number) | undefined {
  if (stored === undefined) return undefined;
  const { scales, zeroPoints, axis } = stored;
  if (scales.length === 1) {
    const scale = scales[0]!;
    const zeroPoint = zeroPoints[0] ?? 0;
    return (value) => scale * (value - zeroPoint);
  }
  const step = multiply(dims.slice(axis + 1));
  const count = dims[axis]!;
  return (value, index) => {
    const channel = Math.floor(index / step) % count;
    return scales[channel]! * (value - (zeroPoints[channel] ?? 0));
  };
}
