import { copyStrided, stridesOf } from '../strided.js';
import type { Tensor } from '../types.js';

export type LinearKind = 'conv' | 'depthwise' | 'pointwise' | 'dense';

/**
 * The same numbers with their axes in another order: axis i of the result is axis `order[i]` of the source
 * (like numpy's `transpose`).
 */
export function transpose(tensor: Tensor, order: readonly number[]): Tensor {
  const { shape, data } = tensor;
  const strides = stridesOf(shape);
  const extents = order.map((axis) => shape[axis] ?? 1);
  const steps = order.map((axis) => strides[axis] ?? 0);
  const result = data instanceof Float32Array ? new Float32Array(data.length) : new Uint16Array(data.length);
  return { shape: extents, data: copyStrided(data, result, extents, steps) };
}

/** The same numbers in the same order under another shape of as many elements. */
export function reshape(tensor: Tensor, shape: readonly number[]): Tensor {
  return { shape, data: tensor.data };
}

/** A shape in the layouts of `networks/types.ts`, and the tensor made so when it is needed. */
export interface Relaid {
  readonly shape: readonly number[];
  make(): Tensor;
}

/**
 * The weights of a linear layer, from a framework's order of axes to that of `networks/types.ts`. Dense and pointwise
 * layers may have window axes of length 1 or none; undefined for what is no layer of this kind.
 */
export function relayout(tensor: Tensor, kind: LinearKind, axes: 'tensorflow' | 'pytorch'): Relaid | undefined {
  return axes === 'tensorflow' ? fromTensorflow(tensor, kind) : fromPytorch(tensor, kind);
}

function fromTensorflow(tensor: Tensor, kind: LinearKind): Relaid | undefined {
  const { shape } = tensor;
  const [rows, columns, inner, outer] = shape;
  const as = (wanted: readonly number[]): Relaid => ({ shape: wanted, make: () => reshape(tensor, wanted) });
  if (kind === 'conv') return shape.length === 4 ? as(shape) : undefined;
  if (kind === 'depthwise') {
    if (shape.length === 4 && outer === 1) return as([rows!, columns!, inner!]);
    return shape.length === 3 ? as(shape) : undefined;
  }
  if (shape.length === 4 && rows === 1 && columns === 1) return as([inner!, outer!]);
  return shape.length === 2 ? as(shape) : undefined;
}

function fromPytorch(tensor: Tensor, kind: LinearKind): Relaid | undefined {
  const { shape } = tensor;
  const [outer, inner, rows, columns] = shape;
  if (kind === 'conv') {
    if (shape.length !== 4) return undefined;
    return { shape: [rows!, columns!, inner!, outer!], make: () => transpose(tensor, [2, 3, 1, 0]) };
  }
  if (kind === 'depthwise') {
    if (shape.length !== 4 || inner !== 1) return undefined;
    const extents = [rows!, columns!, outer!];
    return { shape: extents, make: () => reshape(transpose(tensor, [2, 3, 1, 0]), extents) };
  }
  const isMatrix = shape.length === 2 || (shape.length === 4 && rows === 1 && columns === 1);
  if (!isMatrix) return undefined;
  return { shape: [inner!, outer!], make: () => transpose(reshape(tensor, [outer!, inner!]), [1, 0]) };
}
