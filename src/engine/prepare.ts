import type { ResolvedNetwork } from '../networks/types.js';
import type { Levels } from './int8/levels.js';
import type { KernelModule } from './kernels.js';
import { type Preparation, prepareFloats } from './preparation.js';

/** In integers where there are levels. What that takes is loaded only then: most starts do without. */
export async function prepare(
  network: ResolvedNetwork,
  kernels: KernelModule,
  levels: Levels | undefined,
): Promise<Preparation> {
  if (!levels) return prepareFloats(network, kernels);
  const { prepareIntegers } = await import('./int8/preparation.js');
  return prepareIntegers(network, kernels, levels);
}
