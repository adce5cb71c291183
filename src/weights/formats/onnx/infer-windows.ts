import type { OnnxNode } from './graph.js';

/** Undefined where it does not follow from the file. */
export type Dims = readonly number[] | undefined;

/**
 * The output of a convolution or a pool whose window has the sizes `kernel`; undefined where something about it is not
 * known or the window does not fit.
 */
export function slideWindow(node: OnnxNode, input: Dims, kernel: Dims, channels: number | undefined): Dims {
  if (!input || !kernel || channels === undefined || input.length !== kernel.length + 2) return undefined;
  const sides = kernel.map((size, axis) => slideAlong(node, axis, input[axis + 2] ?? 0, size, kernel.length));
  const fits = sides.every((side) => side >= 1 && Number.isSafeInteger(side));
  return fits ? [input[0] ?? 1, channels, ...sides] : undefined;
}

/** Positions of a window along one of `rank` axes. */
function slideAlong({ attributes }: OnnxNode, axis: number, extent: number, size: number, rank: number): number {
  const stride = attributes.get('strides')?.integers[axis] ?? 1;
  const mode = attributes.get('auto_pad')?.text ?? 'NOTSET';
  if (mode.startsWith('SAME')) return Math.ceil(extent / stride);
  const pads = mode === 'VALID' ? [] : (attributes.get('pads')?.integers ?? []);
  const [before, after] = [pads[axis] ?? 0, pads[axis + rank] ?? 0];
  const reach = (size - 1) * (attributes.get('dilations')?.integers[axis] ?? 1) + 1;
  const room = extent + before + after - reach;
  if (attributes.get('ceil_mode')?.integer !== 1) return Math.floor(room / stride) + 1;
  const side = Math.ceil(room / stride) + 1;
  // A window that would begin in the padding behind the map is left out, as the operator's definition says.
  return (side - 1) * stride >= extent + before ? side - 1 : side;
}

export function slideTransposed({ attributes }: OnnxNode, input: Dims, weights: Dims): Dims {
  if (!input || !weights) return undefined;
  const group = attributes.get('group')?.integer ?? 1;
  const list = (name: string) => attributes.get(name)?.integers ?? [];
  const [strides, pads, dilations, extra] = ['strides', 'pads', 'dilations', 'output_padding'].map(list);
  const rank = weights.length - 2;
  if (input.length !== rank + 2 || (attributes.get('auto_pad')?.text ?? 'NOTSET') !== 'NOTSET') return undefined;
  const sides = weights.slice(2).map((size, axis) => {
    const padded = (pads?.[axis] ?? 0) + (pads?.[axis + rank] ?? 0);
    const reach = (size - 1) * (dilations?.[axis] ?? 1) + 1;
    return ((input[axis + 2] ?? 0) - 1) * (strides?.[axis] ?? 1) + reach - padded + (extra?.[axis] ?? 0);
  });
  return sides.every((side) => side >= 1) ? [input[0] ?? 1, (weights[1] ?? 0) * group, ...sides] : undefined;
}
