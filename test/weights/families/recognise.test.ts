import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors/errors.js';
import { buildNetwork } from '../../../src/networks/index.js';
import { resolve } from '../../../src/networks/resolve.js';
import { checkWeights } from '../../../src/weights/check.js';
import { recognise } from '../../../src/weights/families/recognise.js';
import { nameTensors } from '../../../src/weights/tensor-names.js';
import type { NamedTensors, Tensor } from '../../../src/weights/types.js';
import { modelErrorOf } from '../golden.js';
import { type Checkpoint, readCheckpoints, tensorsOf } from './checkpoint.js';

const checkpoints = readCheckpoints();

function find(family: string, alpha?: number): Checkpoint {
  return checkpoints.find((each) => each.family === family && (alpha === undefined || each.alpha === alpha))!;
}

const counting = (...shape: number[]): Tensor => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((product, extent) => product * extent, 1) }, (_, i) => i),
});

describe('recognise', () => {
  const torchvision = tensorsOf(find('torchvision mobilenet_v2', 0.1));
  const slim = tensorsOf(find('TF-slim MobilenetV1', 0.25));

  it('gives every parameter of the network in its layout', () => {
    const { network, weights } = recognise(torchvision, 'file');
    checkWeights(resolve(buildNetwork(network.id, network), { resolution: 224 }), weights, 'file');
    const changed = new Map(torchvision).set('features.0.0.weight', counting(8, 3, 3, 3));
    changed.set('features.1.conv.0.0.weight', counting(8, 1, 3, 3)).set('classifier.1.weight', counting(7, 1280));
    const relaid = recognise(changed, 'file').weights;
    // [o=2][i=1][y=0][x=2] goes to [y][x][i][o], [c=5][0][y=1][x=2] to [y][x][c], [o=6][i=9] to [i][o].
    expect(relaid.get('Conv1')!.weights.data[((0 * 3 + 2) * 3 + 1) * 8 + 2]).toBe(((2 * 3 + 1) * 3 + 0) * 3 + 2);
    expect(relaid.get('expanded_conv_depthwise')!.weights.data[(1 * 3 + 2) * 8 + 5]).toBe(5 * 9 + 1 * 3 + 2);
    expect(relaid.get('predictions')!.weights.data[9 * 7 + 6]).toBe(6 * 1280 + 9);
  });

  it('takes off what training wraps around a model, and leaves counters out', () => {
    const wrapped = new Map([...torchvision].map(([name, tensor]) => [`module.model.${name}`, tensor]));
    wrapped.set('module.model.features.0.1.num_batches_tracked', counting(1));
    expect(recognise(wrapped, 'file').family.title).toBe('torchvision mobilenet_v2');
  });

  it('takes a lone matrix and vector for a classifier of another name', () => {
    const renamed = new Map(tensorsOf(find('Keras MobileNetV2', 0.35)));
    const kernel = renamed.get('predictions/kernel')!;
    const bias = renamed.get('predictions/bias')!;
    renamed.delete('predictions/kernel');
    renamed.delete('predictions/bias');
    renamed.set('dense_4/kernel', kernel).set('dense_4/bias', bias);
    const found = recognise(renamed, 'file');
    expect([found.hasHead, found.network.classes]).toEqual([true, 7]);
    expect(found.weights.get('predictions')!.bias!.data).toBe(bias.data);
  });

  it('knows a network that this project stored, batch norm folded or not', () => {
    const { weights, network } = recognise(torchvision, 'file');
    const again = recognise(nameTensors(weights), 'file');
    expect([again.network.id, again.network.alpha, again.network.classes]).toEqual([network.id, 0.1, 7]);
    const folded = new Map(
      [...weights].map(([layer, { weights: kernel, bias, batchNorm }]) => [
        layer,
        { weights: kernel, bias: bias ?? batchNorm!.beta },
      ]),
    );
    expect(recognise(nameTensors(folded), 'file').weights).toEqual(folded);
  });

  it('tries the α asked for first, and says which one the file holds', () => {
    // Widths are multiples of 8: several α come to the same.
    expect(recognise(torchvision, 'file', { alpha: 0.101 }).network.alpha).toBe(0.101);
    expect(() => recognise(torchvision, 'file', { alpha: 0.5 })).toThrow(UsageError);
    expect(() => recognise(torchvision, 'file', { alpha: 0.5 })).toThrow(/--alpha 0\.5: file holds 0\.\d+/);
  });

  it.each<[string, NamedTensors, (changed: Map<string, Tensor>) => unknown, RegExp]>([
    [
      'what is missing',
      torchvision,
      (changed) => changed.delete('features.3.conv.1.1.bias'),
      /^file: 1 missing \(features\.3\.conv\.1\.1\.bias\), expected torchvision mobilenet_v2, α 0\.1; use a file that says/,
    ],
    [
      'what is unexpected, and how many',
      torchvision,
      (changed) => {
        for (let block = 19; block < 24; block++) changed.set(`features.${block}.0.weight`, counting(1));
      },
      /^file: 5 unexpected \(features\.19\.0\.weight, .+, and 2 more\), expected torchvision mobilenet_v2/,
    ],
    [
      'a kernel of another size',
      torchvision,
      (changed) => changed.set('features.1.conv.1.weight', counting(8, 8, 3, 3)),
      /^file: 1 misshapen \(features\.1\.conv\.1\.weight \[8, 8, 3, 3\] for a pointwise layer\)/,
    ],
    [
      'a full for a depthwise kernel',
      torchvision,
      (changed) => changed.set('features.1.conv.0.0.weight', counting(8, 8, 3, 3)),
      /features\.1\.conv\.0\.0\.weight \[8, 8, 3, 3\] for a depthwise layer/,
    ],
    [
      'one width that does not fit',
      slim,
      (changed) => changed.set('MobilenetV1/Conv2d_3_depthwise/BatchNorm/beta', counting(5)),
      /^file: 1 misshapen \(MobilenetV1\/Conv2d_3_depthwise\/BatchNorm\/beta \[5\] instead of \[32\]\), expected TF-slim/,
    ],
    ['half a head', slim, (changed) => changed.delete('MobilenetV1/Logits/Conv2d_1c_1x1/biases'), /1 missing .*biases/],
    [
      'nothing like it',
      new Map([['encoder.weight', counting(3)]]),
      () => {},
      /^file: 1 tensors \("encoder\.weight", …\) of no known checkpoint; use a file that says itself what is computed: ONNX /,
    ],
    ['nothing at all', new Map(), () => {}, /^file: 0 tensors of no known checkpoint/],
  ])('says %s', (_, tensors, change, message) => {
    const changed = new Map(tensors);
    change(changed);
    expect(modelErrorOf(() => recognise(changed, 'file'))?.message).toMatch(message);
  });

  it('looks only at the network asked for', () => {
    const error = modelErrorOf(() => recognise(torchvision, 'file', { model: 'xception' }));
    expect(error?.message).toMatch(/of no known checkpoint of xception;/);
  });

  it('refuses a width at which a family is another network', () => {
    // Widths of 8 before and after the first block: slim adds them, Hugging Face's stem does not.
    const { family } = recognise(tensorsOf(find('Hugging Face MobileNetV2', 0.35)), 'file');
    const network = buildNetwork('mobilenet_v2', { alpha: 0.25, classes: 7 });
    const tensors = new Map<string, Tensor>();
    for (const { name, kind, parameters } of resolve(network, { resolution: 224 }).layers) {
      for (const { name: parameter, shape } of parameters) {
        const [rows, columns, inner, outer] = kind === 'conv' ? shape : [1, 1, ...shape];
        const torch =
          kind === 'depthwise'
            ? [shape[2]!, 1, 3, 3]
            : kind === 'dense'
              ? [outer!, inner!]
              : [outer!, inner!, rows!, columns!];
        tensors.set(family.names(name)[parameter]!, counting(...(parameter === 'weights' ? torch : shape)));
      }
    }
    expect(modelErrorOf(() => recognise(tensors, 'file'))?.message).toMatch(
      /Hugging Face MobileNetV2 at α 0\.25 adds nothing in its first block/,
    );
  });
});
