import { createHash, type Hash } from 'node:crypto';
import type { Tensor } from '../weights/types.js';
import type { Model } from './model.js';

/**
 * SHA-256 of all that a model computes with: layers, weights, how maps are stored in integers, and preprocessing. Names of files
 * and labels are no part of it.
 */
export function fingerprintOf({ network, epsilon, preprocessing, facts, readWeights, readLevels }: Model): string {
  const hash = createHash('sha256');
  const { assumed: _, ...prepared } = preprocessing;
  addJson(hash, [network, epsilon, prepared, facts.dtype]);
  for (const [layer, { weights, bias, batchNorm }] of readWeights()) {
    addTensor(hash, `${layer} weights`, weights);
    if (bias) addTensor(hash, `${layer} bias`, bias);
    for (const [name, tensor] of Object.entries(batchNorm ?? {})) addTensor(hash, `${layer} ${name}`, tensor);
  }
  if (readLevels) for (const [name, level] of readLevels().values) addJson(hash, [name, level]);
  return hash.digest('hex');
}

function addTensor(hash: Hash, name: string, { shape, data }: Tensor): void {
  addJson(hash, [name, shape, data.length, data.BYTES_PER_ELEMENT]);
  hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function addJson(hash: Hash, value: unknown): void {
  hash.update(`${JSON.stringify(value)}\n`);
}
