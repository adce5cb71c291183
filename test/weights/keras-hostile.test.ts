import { describe, expect, it } from 'vitest';
import { importKeras } from '../../src/weights/formats/keras/keras-graph.js';
import type { Tensor } from '../../src/weights/types.js';
import { valuesFor } from './families/checkpoint.js';
import { modelErrorOf } from './golden.js';

type Config = Readonly<Record<string, unknown>>;

const input = { class_name: 'InputLayer', config: { name: 'in', batch_input_shape: [null, 8, 8, 3] } };
const sequential = (...layers: readonly object[]) => ({
  class_name: 'Sequential',
  config: { layers: [input, ...layers] },
});
const layer = (className: string, config: Config) => ({ class_name: className, config: { name: 'it', ...config } });

const read = (config: unknown, tensors: ReadonlyMap<string, Tensor> = new Map()) =>
  importKeras({ config, kerasVersion: '3.0.0', weights: { tensors, layout: 'names', attributes: {} } }, 'file');

/** As JSON has it: a list in a list in a list, for which no call may recurse. */
const nested = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}7${']'.repeat(depth)}`);

describe('a description that means harm', () => {
  it.each([40, 12_000])('is refused where models nest %d deep', (depth) => {
    const open = '{"class_name":"Sequential","config":{"name":"m","layers":[';
    const config: unknown = JSON.parse(`${open.repeat(depth)}${JSON.stringify(input)}${']}}'.repeat(depth)}`);
    expect(modelErrorOf(() => read(config))?.message).toMatch(/models nested more than 32 deep/);
  });

  const deep = [
    layer('Permute', { dims: nested(100_000) }),
    layer('Reshape', { target_shape: nested(100_000) }),
    layer('Reshape', { target_shape: [nested(100_000), 3] }),
    layer('Rescaling', { scale: nested(100_000) }),
    layer('Activation', { activation: nested(100_000) }),
    layer('Activation', { activation: { class_name: 'LeakyReLU', config: { alpha: nested(100_000) } } }),
    layer('BatchNormalization', { axis: nested(100_000), scale: false, center: false }),
    layer('MaxPooling2D', { pool_size: 2, padding: nested(100_000) }),
    layer('ZeroPadding2D', { padding: nested(100_000) }),
    layer('Flatten', { data_format: nested(100_000), name: 'it' }),
    layer('Resizing', { height: 4, width: 4, interpolation: nested(100_000) }),
    layer('Softmax', { axis: nested(100_000) }),
    layer('Concatenate', { axis: nested(100_000) }),
    layer('Conv2D', { groups: nested(100_000), use_bias: false }),
    { ...layer('Multiply', { value: 1 }), module: 'keras.src.ops.numpy' },
    { ...layer('Cast', { dtype: nested(100_000) }), module: 'keras.src.ops.core' },
    { ...layer('Mean', { axis: nested(100_000) }), module: 'keras.src.ops.numpy' },
    { ...layer('GetItem', { slice_spec: nested(100_000) }), module: 'keras.src.ops.numpy' },
  ].map((made, place) => [`${place}: ${made.class_name}`, () => made] as const);

  it.each(deep)('is refused, or means nothing, as a setting of %s', (_, make) => {
    const made = make();
    const kernel = ['it/kernel', valuesFor('it', [3, 3, 3, 4], -1, 1)] as const;
    const tensors = new Map<string, Tensor>(made.class_name === 'Conv2D' ? [kernel] : []);
    if (made.class_name === 'BatchNormalization') {
      for (const name of ['moving_mean', 'moving_variance']) tensors.set(`it/${name}`, valuesFor(name, [3], 0.5, 1));
    }
    // Nothing but a ModelError may be thrown.
    modelErrorOf(() => read(sequential(made), tensors));
  });

  it('is refused where models that use one another twice would be run without end', () => {
    let inner: object = sequential(layer('ReLU', { name: 'relu' }));
    for (let level = 0; level < 20; level++) {
      const within = { ...inner, config: { ...(inner as { config: object }).config, name: 'inner' } };
      inner = {
        class_name: 'Functional',
        config: {
          name: `level ${level}`,
          layers: [
            { ...input, name: 'in', inbound_nodes: [] },
            { ...within, name: 'inner', inbound_nodes: [[['in', 0, 0, {}]], [['inner', 1, 0, {}]]] },
          ],
          input_layers: [['in', 0, 0]],
          output_layers: [['inner', 2, 0]],
        },
      };
    }
    expect(modelErrorOf(() => read(inner))?.message).toMatch(/more than 20000 layers/);
  });

  it('is refused where a layer reads its own output', () => {
    const config = {
      class_name: 'Functional',
      config: {
        name: 'm',
        layers: [
          { ...input, name: 'in', inbound_nodes: [] },
          {
            class_name: 'Add',
            name: 'a',
            config: { name: 'a' },
            inbound_nodes: [
              [
                ['in', 0, 0, {}],
                ['b', 0, 0, {}],
              ],
            ],
          },
          { class_name: 'ReLU', name: 'b', config: { name: 'b' }, inbound_nodes: [[['a', 0, 0, {}]]] },
        ],
        input_layers: [['in', 0, 0]],
        output_layers: [['b', 0, 0]],
      },
    };
    expect(modelErrorOf(() => read(config))?.message).toMatch(/reads what is made of its own output/);
  });
});
