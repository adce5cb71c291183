import { expect, it } from 'vitest';
import { buildNetwork } from '../../src/networks/index.js';
import { recognise } from '../../src/weights/families/recognise.js';
import type { Tensor } from '../../src/weights/types.js';

/** Repeats of the stages of EfficientNet-Lite0, 1 and 4, as `state_dict()` of efficientnet-lite-pytorch 0.1.0 has them. */
const REPEATS = { 0: [1, 2, 2, 3, 3, 4, 1], 1: [1, 3, 3, 4, 4, 5, 1], 4: [1, 4, 4, 6, 6, 8, 1] } as const;

/** Channels of the stages of Lite4, whose width coefficient is 1.4; 1.0 for the other two. */
const WIDTHS = { 0: [16, 24, 40, 80, 112, 192, 320], 4: [24, 32, 56, 112, 160, 272, 448] } as const;
const KERNELS = [3, 3, 5, 3, 5, 5, 3] as const;

function checkpoint(size: 0 | 1 | 4, squeezes = false): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  const add = (name: string, ...shape: number[]) =>
    tensors.set(name, { shape, data: new Float32Array(shape.reduce((product, side) => product * side, 1)) });
  const norm = (name: string, channels: number) => {
    for (const part of ['weight', 'bias', 'running_mean', 'running_var']) add(`${name}.${part}`, channels);
    add(`${name}.num_batches_tracked`);
  };
  add('_conv_stem.weight', 32, 3, 3, 3);
  norm('_bn0', 32);
  let [block, inputs] = [0, 32];
  for (const [stage, repeats] of REPEATS[size].entries()) {
    const outputs = WIDTHS[size === 4 ? 4 : 0][stage]!;
    for (let repeat = 0; repeat < repeats; repeat++, block++) {
      const expanded = stage === 0 ? inputs : 6 * inputs;
      const at = `_blocks.${block}`;
      if (stage > 0) {
        add(`${at}._expand_conv.weight`, expanded, inputs, 1, 1);
        norm(`${at}._bn0`, expanded);
      }
      add(`${at}._depthwise_conv.weight`, expanded, 1, KERNELS[stage]!, KERNELS[stage]!);
      norm(`${at}._bn1`, expanded);
      if (squeezes) {
        const squeezed = Math.floor(inputs / 4);
        add(`${at}._se_reduce.weight`, squeezed, expanded, 1, 1);
        add(`${at}._se_reduce.bias`, squeezed);
        add(`${at}._se_expand.weight`, expanded, squeezed, 1, 1);
        add(`${at}._se_expand.bias`, expanded);
      }
      add(`${at}._project_conv.weight`, outputs, expanded, 1, 1);
      norm(`${at}._bn2`, outputs);
      inputs = outputs;
    }
  }
  add('_conv_head.weight', 1280, inputs, 1, 1);
  norm('_bn1', 1280);
  add('_fc.weight', 7, 1280);
  add('_fc.bias', 7);
  return tensors;
}

it.each([0, 1, 4] as const)('knows EfficientNet-Lite%d of efficientnet-lite-pytorch', (size) => {
  const { family, network, weights } = recognise(checkpoint(size), 'lite.pth');
  expect(network).toEqual(buildNetwork(`efficientnet_lite${size}`, { classes: 7 }));
  expect(family).toMatchObject({ padding: 'tensorflow', epsilon: 1e-3 });
  expect(family.input).toMatchObject({ filter: 'pil-bicubic', mean: [127 / 255, 127 / 255, 127 / 255] });
  expect(family.input.resize(224)).toBe(256);
  expect(weights.get('block2a_dwconv')!.weights.shape).toEqual(size === 4 ? [3, 3, 144] : [3, 3, 96]);
});

it('knows EfficientNet-B0 of efficientnet-pytorch', () => {
  const { family, network } = recognise(checkpoint(0, true), 'b0.pth');
  expect(network).toEqual(buildNetwork('efficientnet_b0', { classes: 7 }));
  expect(family.input.mean).toEqual([0.485, 0.456, 0.406]);
});

it('names what is missing', () => {
  const tensors = checkpoint(0);
  tensors.delete('_blocks.9._bn1.running_var');
  expect(() => recognise(tensors, 'lite.pth')).toThrow(/_blocks\.9\._bn1\.running_var/);
});
