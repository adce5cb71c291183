import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cost } from '../../src/cost/cost.js';
import { countLayer } from '../../src/cost/count-layer.js';
import { buildNetwork } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import type { PaddingConvention } from '../../src/networks/types.js';

interface Golden {
  readonly padding: PaddingConvention;
  readonly resolution: number;
  readonly macs: number;
  readonly trainable: number;
  readonly total: number;
  readonly layers: readonly { output: number[]; macs: number; weights: number; bias: number }[];
}

// Written by test/golden/efficientnet_b0_cost.py from timm.
const golden: { readonly networks: readonly Golden[] } = JSON.parse(
  readFileSync(new URL('../golden/efficientnet_b0_cost.json', import.meta.url), 'utf8'),
);

describe.each(golden.networks)('EfficientNet-B0 at $resolution, $padding padding, as in timm', (expected) => {
  const { resolution, padding } = expected;
  const network = resolve(buildNetwork('efficientnet_b0'), { resolution, padding });

  it('has its totals', () => {
    const { macs, params } = cost(network);
    expect({ macs, trainable: params.trainable, total: params.total }).toEqual({
      macs: expected.macs,
      trainable: expected.trainable,
      total: expected.total,
    });
  });

  it('has its layers', () => {
    const rows = network.layers
      .filter(({ parameters }) => parameters.length > 0)
      .map((layer) => {
        const { height, width, channels } = layer.outputShape;
        const { macs, params } = countLayer(layer);
        const bias = layer.parameters.find(({ name }) => name === 'bias')?.shape[0] ?? 0;
        return { output: [height, width, channels], macs, weights: params.weights, bias };
      });
    expect(rows).toEqual(expected.layers.map(({ output, macs, weights, bias }) => ({ output, macs, weights, bias })));
  });
});

it('EfficientNet-B0 has 5,288,548 trainable parameters, 224 its only published size', () => {
  const counted = cost(resolve(buildNetwork('efficientnet_b0'), { resolution: 224 }));
  expect(counted.params.trainable).toBe(5_288_548);
  expect(counted.published).toBe(true);
});

// Counted by the PyPI package efficientnet-lite-pytorch 0.1.0: EfficientNet.from_name('efficientnet-lite0').parameters().
it.each([
  ['efficientnet_lite0', 224, 4_652_008],
  ['efficientnet_lite1', 240, 5_416_680],
  ['efficientnet_lite2', 260, 6_092_072],
  ['efficientnet_lite3', 280, 8_197_096],
  ['efficientnet_lite4', 300, 13_006_568],
])('%s at %d has %d trainable parameters', (id, resolution, trainable) => {
  const counted = cost(resolve(buildNetwork(id), { resolution }));
  expect(counted.params.trainable).toBe(trainable);
  expect(counted.published).toBe(true);
});
