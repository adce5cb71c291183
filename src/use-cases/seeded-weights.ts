import { seededRandom } from '../domain/seeded-random.js';
import type { Parameter, ResolvedNetwork } from '../networks/types.js';
import type { BatchNorm, LayerWeights, NetworkWeights, Tensor } from '../weights/types.js';

/**
 * Weights for measuring and testing where no trained ones are needed: He-uniform, so that activations keep their size
 * from layer to layer, with batch-norm statistics that are not trivial.
 */
export function seededWeights(network: ResolvedNetwork, seed = 1): NetworkWeights {
  const random = seededRandom(seed);
  const uniform = ({ shape }: Parameter, low: number, high: number): Tensor => {
    const count = shape.reduce((product, extent) => product * extent, 1);
    return { shape, data: Float32Array.from({ length: count }, () => low + (high - low) * random()) };
  };
  const weights = new Map<string, LayerWeights>();
  for (const { name, kind, parameters } of network.layers) {
    const find = (parameter: Parameter['name']) => parameters.find((candidate) => candidate.name === parameter);
    const kernel = find('weights');
    if (!kernel) continue;
    const inputs = kind === 'depthwise' ? kernel.shape.slice(0, 2) : kernel.shape.slice(0, -1);
    const bound = Math.sqrt(6 / inputs.reduce((product, extent) => product * extent, 1));
    const bias = find('bias');
    const gamma = find('gamma');
    const batchNorm: BatchNorm | undefined = gamma && {
      gamma: uniform(gamma, 0.8, 1.2),
      beta: uniform(gamma, -0.3, 0.3),
      mean: uniform(gamma, -0.3, 0.3),
      variance: uniform(gamma, 0.6, 1.4),
    };
    weights.set(name, {
      weights: uniform(kernel, -bound, bound),
      ...(bias && { bias: uniform(bias, -0.1, 0.1) }),
      ...(batchNorm && { batchNorm }),
    });
  }
  return weights;
}
