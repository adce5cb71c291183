import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { copyOf, mapsWithOtherReaders } from '../../src/engine/int8/copies.js';
import type { Levels } from '../../src/engine/int8/levels.js';
import { loadKernels } from '../../src/engine/kernels.js';
import { createSession, type Session } from '../../src/engine/session.js';
import { withPicture } from '../../src/models/integers.js';
import { buildNetwork } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import type { ResolvedNetwork } from '../../src/networks/types.js';
import { seededWeights } from '../../src/use-cases/seeded-weights.js';
import { calibrated, EPSILON, picture } from './calibrated.js';

const hasRelaxed = WebAssembly.validate(readFileSync(new URL('../../build/kernels.relaxed.wasm', import.meta.url)));

/** A layer's map as integers, without what pads its channels. */
function mapOf({ plan, input }: Session, step: number, network: ResolvedNetwork, each: 1 | 2): number[] {
  const { layer, args } = plan.steps[step]!;
  const { height, width, channels } = network.layers.find(({ name }) =>
    [name, copyOf(name)].includes(layer),
  )!.outputShape;
  const stored = Math.ceil(channels / 8) * 8;
  const count = height * width * stored;
  const values =
    each === 1 ? new Uint8Array(input.buffer, args.output, count) : new Int16Array(input.buffer, args.output, count);
  return Array.from(
    { length: height * width * channels },
    (_, i) => values[Math.floor(i / channels) * stored + (i % channels)]!,
  );
}

const cases: [string, number, number, 'tensorflow' | 'pytorch'][] = [
  ['mobilenet_v1', 0.25, 128, 'tensorflow'],
  ['mobilenet_v1', 0.3, 50, 'pytorch'],
  ['mobilenet_v2', 0.35, 64, 'tensorflow'],
  ['mobilenet_v2', 0.5, 65, 'pytorch'],
  ['xception', 0.1, 71, 'tensorflow'],
  ['efficientnet_b0', 0.3, 64, 'tensorflow'],
];

for (const [id, alpha, resolution, padding] of cases) {
  it.skipIf(!hasRelaxed)(
    `${id} α ${alpha} at ${resolution}: the same integers in every map from both binaries`,
    async () => {
      const network = resolve(buildNetwork(id, { alpha, classes: 203 }), { resolution, padding });
      const weights = seededWeights(network, 7);
      const isCopy = new Set(mapsWithOtherReaders(network).map(copyOf));
      for (const [isWide, copied] of [
        [() => false, []],
        [() => true, mapsWithOtherReaders(network)],
        [(index: number) => index % 3 === 0, []],
      ] as const) {
        const found = await calibrated(network, () => false, copied);
        const values = new Map(
          [...found.values].map(([name, value], i) => [name, { ...value, wide: isWide(i) && !isCopy.has(name) }]),
        );
        const levels: Levels = withPicture({ values, steps: new Map() }, network, {
          mean: [0.485, 0.456, 0.406],
          std: [0.5, 0.5, 0.5],
        });
        const [fast, plain] = (await Promise.all(
          [false, true].map((deterministic) => createSession(network, weights, EPSILON, { levels, deterministic })),
        )) as [Session, Session];
        for (const session of [fast, plain]) session.input.set(picture(network, 1));
        const { narrowBytes } = (await loadKernels()).constants;
        let compared = 0;
        fast.plan.steps.forEach(({ layer, kernel, args }, step) => {
          expect(plain.plan.steps[step]).toMatchObject({ layer, kernel });
          for (const session of [fast, plain]) session.runStep(step);
          const isLast = fast.plan.steps[step + 1]?.layer !== layer;
          const level = values.get(layer);
          if (
            !isLast ||
            !level ||
            !/^(conv|conv_rgb|pointwise|pointwise_strassen|depthwise|add|scale|quantise)_i8$/.test(kernel)
          )
            return;
          // a classifier's sums are floats
          if (kernel === 'pointwise_i8' && args.pixels === 1) return;
          compared++;
          expect(mapOf(fast, step, network, level.wide ? 2 : narrowBytes), layer).toEqual(
            mapOf(plain, step, network, 2),
          );
        });
        expect(compared).toBeGreaterThan(20);
        for (const session of [fast, plain]) session.input.set(picture(network, 2));
        expect(fast.run()).toEqual(plain.run());
      }
    },
  );
}
