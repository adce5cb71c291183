import { describe, expect, it } from 'vitest';
import { resolveAtOther } from '../../src/networks/other-resolution.js';
import { type Layer, NETWORK_INPUT, type Network } from '../../src/networks/types.js';

const stem = {
  ...{ kind: 'conv', name: 'stem', inputs: [NETWORK_INPUT], kernelSize: 3, stride: 2, outChannels: 4 },
  ...{ padding: { top: 0, bottom: 1, left: 0, right: 1 }, activation: 'relu', batchNorm: false, bias: true },
} as unknown as Layer;
const dense = (input: string) =>
  ({
    ...{ kind: 'dense', name: 'head', inputs: [input], outChannels: 5 },
    ...{ activation: 'linear', batchNorm: false, bias: true },
  }) as unknown as Layer;
const network = (...layers: Layer[]): Network => ({ id: 'n', alpha: 1, classes: 5, inputChannels: 3, layers });
const pooled = network(stem, { kind: 'globalAveragePool', name: 'pool', inputs: ['stem'] } as Layer, dense('pool'));
const flat = network(stem, { kind: 'flatten', name: 'flat', inputs: ['stem'], order: 'HWC' } as Layer, dense('flat'));
const at = (resolution: number) => ({ own: 16, resolution, padding: 'tensorflow' }) as const;

describe('resolveAtOther', () => {
  it.each([8, 16, 18, 64])('%i: as large as the strides let the padding be the same', (resolution) => {
    const resolved = resolveAtOther(pooled, at(resolution), 'f');
    expect(resolved.resolution).toBe(resolution);
    expect(resolved.layers[0]!.outputShape.height).toBe(resolution / 2);
  });

  it('refuses sizes that the padding was not made for, and says which work', () => {
    expect(() => resolveAtOther(pooled, at(17), 'f')).toThrow(
      '--res 17: the padding in f was made for 16 pixels, expected 16, or a multiple of 2 more or less',
    );
  });

  it('refuses any other size where weights depend on it', () => {
    expect(resolveAtOther(flat, at(16), 'f').resolution).toBe(16);
    for (const resolution of [8, 15, 32, 4096, 5000]) {
      const message = `--res ${resolution}: f takes images of 16×16 only; leave --res out`;
      expect(() => resolveAtOther(flat, at(resolution), 'f')).toThrow(message);
    }
  });
});
