import { multiply } from './graph/value.js';

/** How far apart neighbours along each axis lie, in a list in row-major order. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length).fill(1);
  for (let axis = dims.length - 2; axis >= 0; axis--) strides[axis] = (strides[axis + 1] ?? 1) * (dims[axis + 1] ?? 1);
  return strides;
}

/** Strides with which values of `from` are read as if they had the dimensions `to` (numpy's broadcasting). */
export function broadcastStrides(from: readonly number[], to: readonly number[]): number[] {
  const own = stridesOf(from);
  const shift = to.length - from.length;
  return to.map((_, axis) => ((from[axis - shift] ?? 1) === 1 ? 0 : (own[axis - shift] ?? 0)));
}

/** The result's index (i, j, …) over `dims` takes the number at offset + i × strides[0] + j × strides[1] + … */
export function copyStrided<T extends { [index: number]: number }>(
  source: ArrayLike<number>,
  target: T,
  dims: readonly number[],
  strides: readonly number[],
  offset = 0,
): T {
  const count = multiply(dims);
  const index = new Array<number>(dims.length).fill(0);
  let from = offset;
  for (let to = 0; to < count; to++) {
    target[to] = source[from] ?? 0;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      const stride = strides[axis] ?? 0;
      const extent = dims[axis] ?? 1;
      const next = (index[axis] ?? 0) + 1;
      from += stride;
      if (next < extent) {
        index[axis] = next;
        break;
      }
      from -= stride * extent;
      index[axis] = 0;
    }
  }
  return target;
}
