import type { ResizeLayer } from '../networks/types.js';
import type { TableEntry } from './pack.js';

/**
 * Where the `to` pixels of an axis lie between the `from` of the input, in single precision, as TensorFlow computes it: an
 * index that is rounded in double precision would be another one here and there.
 */
export function tabulate(layer: ResizeLayer, from: number, to: number): TableEntry[] {
  const isAligned = layer.coordinates === 'alignCorners' && to > 1;
  const step = Math.fround(isAligned ? Math.fround(from - 1) / Math.fround(to - 1) : from / to);
  return Array.from({ length: to }, (_, index) => {
    return layer.method === 'nearest' ? nearest(layer, index, step, from) : between(layer, index, step, from);
  });
}

function nearest({ coordinates }: ResizeLayer, index: number, step: number, size: number): TableEntry {
  const position = Math.fround((coordinates === 'halfPixel' ? index + 0.5 : index) * step);
  const rounded = coordinates === 'alignCorners' ? Math.floor(position + 0.5) : Math.floor(position);
  const first = Math.min(rounded, size - 1);
  return { first, second: first, share: 0 };
}

function between({ coordinates }: ResizeLayer, index: number, step: number, size: number): TableEntry {
  const position =
    coordinates === 'halfPixel' ? Math.fround(Math.fround((index + 0.5) * step) - 0.5) : Math.fround(index * step);
  const bounded = Math.min(Math.max(position, 0), size - 1);
  const first = Math.floor(bounded);
  return { first, second: Math.min(first + 1, size - 1), share: Math.fround(bounded - first) };
}
