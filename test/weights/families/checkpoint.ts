import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { NamedTensors, Tensor } from '../../../src/weights/types.js';

/** One checkpoint of families.json.gz, which test/golden/families.py makes with the family's own library. */
export interface Checkpoint {
  readonly family: string;
  readonly network: string;
  readonly alpha: number;
  readonly resolution: number;
  /** Or features, where there is no head. */
  readonly classes: number;
  readonly head?: false;
  readonly tensors: readonly (readonly [name: string, shape: readonly number[], low: number, high: number])[];
  /** Logits (or features) for picture 0 and picture 1. */
  readonly outputs: readonly (readonly number[])[];
}

export function readCheckpoints(): readonly Checkpoint[] {
  const packed = readFileSync(new URL('../../golden/families.json.gz', import.meta.url));
  return JSON.parse(gunzipSync(packed).toString('utf8')).cases;
}

/** The values that the script gives a tensor of this name: FNV-1a of the name, murmur3's finaliser of every index. */
export function valuesFor(name: string, shape: readonly number[], low: number, high: number): Tensor {
  let seed = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) seed = Math.imul(seed ^ byte, 0x01000193);
  const count = shape.reduce((product, extent) => product * extent, 1);
  const data = new Float32Array(count);
  for (let index = 0; index < count; index++) {
    let x = (Math.imul(index, 0x9e3779b9) + seed) | 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    x ^= x >>> 16;
    data[index] = low + (high - low) * ((x >>> 8) / 2 ** 24);
  }
  return { shape, data };
}

export function tensorsOf(checkpoint: Checkpoint): NamedTensors {
  return new Map(checkpoint.tensors.map(([name, ...rest]) => [name, valuesFor(name, ...rest)]));
}

export function pictureOf(number: 0 | 1, resolution: number, channels = 3): Float32Array {
  const [low, high] = number === 0 ? [-1, 1] : [-0.4, 1.6];
  return valuesFor(`picture ${number}`, [resolution, resolution, channels], low!, high!).data as Float32Array;
}
