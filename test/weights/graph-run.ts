import { createSession } from '../../src/engine/session.js';
import { resolve } from '../../src/networks/resolve.js';
import { checkWeights } from '../../src/weights/check.js';
import type { ImportedModel } from '../../src/weights/graph/imported-model.js';
import { runReference } from '../reference-network.js';

/** A model as its file has it: without the softmax that the import adds. */
function resolveModel(model: ImportedModel) {
  const { layers } = model.network;
  const network = model.output.added !== undefined ? { ...model.network, layers: layers.slice(0, -1) } : model.network;
  const resolved = resolve(network, { resolution: model.inputResolution.height, padding: model.padding });
  checkWeights(resolved, model.weights, model.where);
  return resolved;
}

/** A picture in 0…1 (or what the graph takes) through what the import took out of the graph. */
function normalise(model: ImportedModel, picture: readonly number[]): Float32Array {
  const { mean, std } = model.inputNormalisation ?? { mean: [0], std: [1] };
  return Float32Array.from(picture, (value, i) => (value - mean[i % mean.length]!) / std[i % std.length]!);
}

export function runNaively(model: ImportedModel, picture: readonly number[]): Float32Array {
  return runReference(resolveModel(model), model.weights, normalise(model, picture), { epsilon: 0 });
}

export async function runEngine(model: ImportedModel, picture: readonly number[]): Promise<Float32Array> {
  const session = await createSession(resolveModel(model), model.weights, 0);
  session.input.set(normalise(model, picture));
  return session.run();
}

/** Largest difference, in shares of the largest expected value. */
export function differ(found: ArrayLike<number>, expected: readonly number[]): number {
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(value - found[i]!))) / largest;
}
