import { loadKernels } from '../kernels.js';
import { type Lane, type LaneOptions, placeLanes } from '../lanes.js';
import type { ExactNetwork } from './preparation.js';

/** `createLanes` for a quantised network in the integers of TFLite's reference kernels. */
export async function createExactLanes(
  network: ExactNetwork,
  count: number,
  { deterministic, valuesOfBytes, keep }: Pick<LaneOptions, 'deterministic' | 'valuesOfBytes' | 'keep'> = {},
): Promise<readonly Lane[]> {
  const { NO_WEIGHTS, prepareExact } = await import('./preparation.js');
  const kernels = await loadKernels(deterministic ? 'plain' : 'relaxed');
  const preparation = prepareExact(network, kernels);
  return placeLanes(kernels, preparation, count, {
    weights: () => NO_WEIGHTS,
    valuesOfBytes,
    keep,
    hasOneReader: true,
  });
}
