import type { Tensor } from '../types.js';

/**
 * The same numbers with their axes in another order: axis i of the result is axis `order[i]` of the source
 * (like numpy's `transpose`).
 */
export function transpose(tensor: Tensor, order: readonly number[]): Tensor {
  const { shape, data } = tensor;
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  const extents = order.map((axis) => shape[axis]!);
  const steps = order.map((axis) => strides[axis]!);
  const result = data instanceof Float32Array ? new Float32Array(data.length) : new Uint16Array(data.length);
  const index = new Array<number>(extents.length).fill(0);
  let from = 0;
  for (let to = 0; to < result.length; to++) {
    result[to] = data[from]!;
    for (let axis = extents.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      index[axis] = index[axis]! + 1;
      if (index[axis]! < extents[axis]!) break;
      from -= steps[axis]! * extents[axis]!;
      index[axis] = 0;
    }
  }
  return { shape: extents, data: result };
}

/** The same numbers in the same order under another shape of as many elements. */
export function reshape(tensor: Tensor, shape: readonly number[]): Tensor {
  return { shape, data: tensor.data };
}
