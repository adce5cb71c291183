import { MobilenetError, UsageError } from '../errors/errors.js';
import { resolve } from './resolve.js';
import type { Network, PaddingConvention, ResolvedLayer, ResolvedNetwork } from './types.js';
import { windowOf } from './windows.js';

/** A network whose layers say their padding in numbers, which were made for one resolution. */
export interface MadeFor {
  /** The resolution that it was made for. */
  readonly own: number;
  readonly resolution: number;
  readonly padding: PaddingConvention;
}

/**
 * The network at another resolution than its own, where that is the same network: no parameter depends on the size, it ends
 * in one value for each class, and each window with a stride meets the remainder that its padding was made for.
 * @param where the file, for the message
 * @throws UsageError that names the resolutions that work
 */
export function resolveAtOther(
  network: Network,
  { own, resolution, padding }: MadeFor,
  where: string,
): ResolvedNetwork {
  const made = resolve(network, { resolution: own, padding });
  if (resolution === own) return made;
  const scaled = tryResolve(network, resolution, padding);
  const last = made.layers.length - 1;
  const fits = scaled?.layers.every((layer, index) => {
    const before = made.layers[index]!;
    return (
      isSame(layer.parameters, before.parameters) && (index < last || isSame(layer.outputShape, before.outputShape))
    );
  });
  if (!scaled || !fits) {
    throw refusal(resolution, `${where} takes images of ${own}×${own} only`, { remedy: 'leave --res out' });
  }
  if (scaled.layers.every((layer, index) => isSame(remainders(layer), remainders(made.layers[index]!)))) return scaled;
  const step = Math.max(...made.layers.map((layer) => pixelsOf(layer, own)));
  throw refusal(resolution, `the padding in ${where} was made for ${own} pixels`, {
    expected: `${own}, or a multiple of ${step} more or less`,
  });
}

/** Undefined where a layer does not fit, or a network's own limits are passed. */
function tryResolve(network: Network, resolution: number, padding: PaddingConvention): ResolvedNetwork | undefined {
  try {
    return resolve(network, { resolution, padding });
  } catch (error) {
    if (error instanceof MobilenetError) return undefined;
    throw error;
  }
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** What the strides leave of a layer's input; TensorFlow's padding follows from it. */
function remainders(layer: ResolvedLayer): readonly number[] {
  const window = windowOf(layer);
  if (!window) return [];
  const [{ height, width }] = layer.inputShapes;
  return [height % window.strideHeight, width % window.strideWidth];
}

/** Pixels of the picture between two places of a layer's window. */
function pixelsOf(layer: ResolvedLayer, resolution: number): number {
  const { strideHeight = 1 } = windowOf(layer) ?? {};
  return strideHeight === 1 ? 1 : strideHeight * Math.ceil(resolution / layer.inputShapes[0].height);
}

function refusal(
  resolution: number,
  problem: string,
  more: { readonly expected?: string; readonly remedy?: string },
): UsageError {
  return new UsageError({ where: `--res ${resolution}`, problem, ...more });
}
