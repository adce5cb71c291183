import { ModelError } from '../errors/errors.js';
import type { Parameter, ParameterName, ResolvedNetwork } from '../networks/types.js';
import type { LayerWeights, NetworkWeights, Tensor } from './types.js';

/** How many names a message lists before it only counts. */
const NAMED = 3;

/**
 * Every parameter of the network is there, none besides, each in its shape. A layer with a batch norm may come folded:
 * weights and one bias for each output channel.
 * @param where the weights' name, for the message
 * @throws ModelError `weights-mismatch` with the first few differences and how many there are of each sort
 */
export function checkWeights(resolved: ResolvedNetwork, weights: NetworkWeights, where: string): void {
  const missing: string[] = [];
  const unexpected: string[] = [];
  const misshapen: string[] = [];

  const layers = new Set<string>();
  for (const { name, parameters } of resolved.layers) {
    if (parameters.length === 0) continue;
    layers.add(name);
    const present = tensorsOf(weights.get(name));
    const expected = present.has('bias') && !present.has('gamma') ? fold(parameters) : parameters;
    for (const { name: parameter, shape } of expected) {
      const tensor = present.get(parameter);
      if (!tensor) missing.push(`${name}/${parameter}`);
      else if (!fits(tensor, shape)) {
        misshapen.push(`${name}/${parameter} ${describe(tensor.shape)} instead of ${describe(shape)}`);
      }
    }
    const names = new Set(expected.map((parameter) => parameter.name));
    for (const parameter of present.keys()) if (!names.has(parameter)) unexpected.push(`${name}/${parameter}`);
  }
  for (const name of weights.keys()) if (!layers.has(name)) unexpected.push(name);

  const differences = listDifferences(missing, unexpected, misshapen);
  if (differences === undefined) return;
  throw new ModelError('weights-mismatch', {
    where,
    problem: differences,
    expected: `the weights of ${resolved.id}, α ${resolved.alpha}, ${resolved.classes} classes`,
  });
}

/** The first few of each sort and how many there are, or undefined where there are none. */
export function listDifferences(
  missing: readonly string[],
  unexpected: readonly string[],
  misshapen: readonly string[],
): string | undefined {
  const problems = [list('missing', missing), list('unexpected', unexpected), list('misshapen', misshapen)];
  const found = problems.filter((problem) => problem !== undefined);
  return found.length === 0 ? undefined : found.join('; ');
}

function tensorsOf(layer: LayerWeights | undefined): ReadonlyMap<ParameterName, Tensor> {
  const tensors = new Map<ParameterName, Tensor>();
  if (!layer) return tensors;
  tensors.set('weights', layer.weights);
  if (layer.bias) tensors.set('bias', layer.bias);
  if (layer.batchNorm) {
    const { gamma, beta, mean, variance } = layer.batchNorm;
    tensors.set('gamma', gamma).set('beta', beta).set('mean', mean).set('variance', variance);
  }
  return tensors;
}

/** What a layer needs once its batch norm is folded; a layer without one needs what it needed. */
function fold(parameters: readonly Parameter[]): readonly Parameter[] {
  const beta = parameters.find((parameter) => parameter.name === 'beta');
  if (!beta) return parameters;
  return [...parameters.filter(({ name }) => name === 'weights'), { name: 'bias', shape: beta.shape }];
}

function fits(tensor: Tensor, shape: readonly number[]): boolean {
  const count = shape.reduce((product, extent) => product * extent, 1);
  const same = tensor.shape.length === shape.length && shape.every((extent, axis) => extent === tensor.shape[axis]);
  return same && tensor.data.length === count;
}

function describe(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

function list(problem: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const rest = names.length > NAMED ? `, and ${names.length - NAMED} more` : '';
  return `${names.length} ${problem} (${names.slice(0, NAMED).join(', ')}${rest})`;
}
