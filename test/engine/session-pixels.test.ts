import { expect, it } from 'vitest';
import type { Preprocessing } from '../../src/domain/preprocessing.js';
import { seededRandom } from '../../src/domain/seeded-random.js';
import { loadPixelKernels } from '../../src/engine/pixels.js';
import { createSession } from '../../src/engine/session.js';
import { prepareDecoded } from '../../src/images/prepare.js';
import { buildNetwork } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import { seededWeights } from '../../src/use-cases/seeded-weights.js';
import { calibrated, picture as input } from './calibrated.js';

const network = resolve(buildNetwork('mobilenet_v2', { alpha: 0.35 }), { resolution: 96 });
const [mean, std] = [
  [0.5, 0.4, 0.3],
  [0.5, 0.6, 0.7],
] as const;
const preprocessing: Preprocessing = { crop: 'center', resize: 110, resolution: 96, filter: 'pil-bicubic', mean, std };

function picture(width: number, height: number) {
  const random = seededRandom(width);
  return {
    ...{ width, height, held: { first: 0, count: width } },
    data: Uint8Array.from({ length: width * height * 3 }, () => Math.floor(256 * random())),
  };
}

it('a session prepares pictures in its memory as others do, between runs that they do not change', async () => {
  const session = await createSession(network, seededWeights(network, 3), 1e-3);
  const kernels = await loadPixelKernels();
  const random = seededRandom(4);
  const input = Float32Array.from(session.input, () => random());
  session.input.set(input);
  const probabilities = session.run();
  session.input.set(input);
  // The last ones take more memory than the session's maps.
  const sizes: readonly (readonly [number, number])[] = [
    [120, 100],
    [500, 375],
    [9, 400],
    [3000, 2000],
    [64, 64],
  ];
  for (const size of sizes) {
    for (const create of [(length: number) => new Uint8Array(length), (length: number) => new Float32Array(length)]) {
      const [ours, others] = [create(session.input.length), create(session.input.length)];
      prepareDecoded(picture(...size), preprocessing, ours, session.pixels);
      prepareDecoded(picture(...size), preprocessing, others, kernels);
      expect(ours.some((value) => value !== ours[0])).toBe(true);
      expect(Buffer.from(ours.buffer).equals(Buffer.from(others.buffer))).toBe(true);
    }
  }
  expect(session.input).toEqual(input);
  expect(session.run()).toEqual(probabilities);
});

it.each([
  ['mobilenet_v2', 0.35, 96],
  ['efficientnet_b0', 0.3, 65],
  ['xception', 0.1, 71],
])('%s gives the same bits whatever lies in the memory of its maps before a run', async (id, alpha, resolution) => {
  const any = resolve(buildNetwork(id, { alpha, classes: 203 }), { resolution });
  const narrow = await calibrated(any, () => false);
  for (const options of [{}, { deterministic: true }, { levels: narrow }]) {
    const session = await createSession(any, seededWeights(any, 7), 1e-3, options);
    const run = (byte: number) => {
      const { arenaAddress, memoryBytes } = session.plan;
      new Uint8Array(session.input.buffer, arenaAddress, memoryBytes - arenaAddress).fill(byte);
      session.input.set(input(any, 1));
      return session.run();
    };
    const probabilities = run(0);
    expect(probabilities.every(Number.isFinite)).toBe(true);
    // As floats, white pixels are NaN.
    expect(run(255)).toEqual(probabilities);
  }
});
