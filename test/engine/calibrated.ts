import { seededRandom } from '../../src/domain/seeded-random.js';
import { createRangeChooser } from '../../src/engine/int8/choose-ranges.js';
import type { Levels } from '../../src/engine/int8/levels.js';
import { type Observed, observe } from '../../src/engine/int8/observe.js';
import { loadKernels } from '../../src/engine/kernels.js';
import { createSession } from '../../src/engine/session.js';
import type { Network, ResolvedNetwork } from '../../src/networks/types.js';
import { seededWeights } from '../../src/use-cases/seeded-weights.js';

export const EPSILON = 1e-3;

/** Repeatable values in −1 … 1. */
export function picture(network: ResolvedNetwork, seed: number): Float32Array {
  const random = seededRandom(seed);
  const { height, width, channels } = network.inputShape;
  return Float32Array.from({ length: height * width * channels }, () => 2 * random() - 1);
}

export function withoutSoftmax(network: Network): Network {
  return { ...network, layers: network.layers.filter(({ kind }) => kind !== 'softmax') };
}

/** Levels of the network with seeded weights, from three pictures; `isWide` is asked for each map in turn, products read `copied` ones narrow. */
export async function calibrated(
  network: ResolvedNetwork,
  isWide: (map: string, index: number) => boolean,
  copied: readonly string[] = [],
): Promise<Levels> {
  const weights = seededWeights(network, 7);
  const { constants } = await loadKernels();
  const floats = await createSession(network, weights, EPSILON);
  const observed = new Map<string, Observed>();
  for (const seed of [1, 2, 3]) {
    floats.input.set(picture(network, seed));
    observe(floats, network, constants, observed);
  }
  const wide = new Set([...observed.keys()].filter(isWide));
  return createRangeChooser({ network, weights, epsilon: EPSILON }, constants, observed)(
    wide,
    new Map(),
    new Set(copied),
  );
}
