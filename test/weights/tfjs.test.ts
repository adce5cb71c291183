import { describe, expect, it } from 'vitest';
import { readTfjs } from '../../src/weights/formats/tfjs/model-folder.js';
import { makeFolder } from './folder.js';
import { describeTensors, modelErrorOf } from './golden.js';

const bytesOf = (data: Float32Array | Int32Array | Uint16Array | Uint8Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const join2 = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

const SHARD = join2(
  bytesOf(Float32Array.of(1.5, -2)),
  bytesOf(Int32Array.of(1, 2)),
  bytesOf(Uint8Array.of(0, 128, 255)),
  bytesOf(Uint16Array.of(0, 65535)),
  bytesOf(Uint16Array.of(0x3c00, 0xc000)),
);

const WEIGHTS = [
  { name: 'a', shape: [2, 1], dtype: 'float32' },
  { name: 'axes', shape: [2], dtype: 'int32' },
  { name: 'bytes', shape: [3], dtype: 'float32', quantization: { dtype: 'uint8', scale: 0.5, min: -64 } },
  { name: 'words', shape: [2], dtype: 'float32', quantization: { dtype: 'uint16', scale: 2, min: 1 } },
  { name: 'halves', shape: [2], dtype: 'float32', quantization: { dtype: 'float16' } },
];

const NODES = [
  { name: 'in', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' } } },
  { name: 'out', op: 'Mul', input: ['in:0', '^a', 'a'] },
];

const model = (weights: unknown[], paths: unknown = ['one.bin', 'two.bin']) => ({
  format: 'graph-model',
  modelTopology: { node: NODES },
  weightsManifest: [{ paths, weights }],
});

const shards = { 'one.bin': SHARD.slice(0, 5), 'two.bin': SHARD.slice(5) };

/** A model of one float tensor of so many elements with this shard. */
const single = (shape: unknown, shard: Uint8Array) => ({
  'model.json': model([{ name: 'a', shape, dtype: 'float32' }], ['one.bin']),
  'one.bin': shard,
});

describe('readTfjs', () => {
  it('reads floats, integers, quantised weights and nodes over the border of shards', () => {
    const { tensors, integers, nodes } = readTfjs(makeFolder({ 'model.json': model(WEIGHTS), ...shards }));
    expect(describeTensors(tensors)).toEqual({
      a: { shape: [2, 1], dtype: 'f32', values: [1.5, -2] },
      bytes: { shape: [3], dtype: 'f32', values: [-64, 0, 63.5] },
      words: { shape: [2], dtype: 'f32', values: [1, 131071] },
      halves: { shape: [2], dtype: 'f16', values: [1, -2] },
    });
    expect(integers.get('axes')).toEqual({ shape: [2], data: Int32Array.of(1, 2) });
    expect(nodes).toEqual([
      { name: 'in', op: 'Placeholder', inputs: [], attributes: { dtype: { type: 'DT_FLOAT' } } },
      { name: 'out', op: 'Mul', inputs: ['in', 'a', 'a'], attributes: {} },
    ]);
  });

  it('reads a layers-model, which has no graph', () => {
    const layers = { modelTopology: { model_config: {} }, weightsManifest: model(WEIGHTS).weightsManifest };
    const { nodes, description } = readTfjs(makeFolder({ 'model.json': layers, ...shards }));
    expect(nodes).toEqual([]);
    expect(description).toMatchObject({ config: {}, weights: { layout: 'names' } });
  });

  it('names a missing shard', () => {
    const folder = makeFolder({ 'model.json': model(WEIGHTS), 'one.bin': SHARD });
    const error = modelErrorOf(() => readTfjs(folder));
    expect(error?.code).toBe('weights-missing');
    expect(error?.message).toMatch(/model\.json: its file "two\.bin" is missing; put the file beside /);
  });

  it.each([
    '../one.bin',
    '/etc/passwd',
    'a/../../one.bin',
    'a\\one.bin',
    '..',
    '.',
    '',
    'one.bin\0',
    'C:one.bin',
    7,
    null,
  ])('refuses the shard %j', (path) => {
    const folder = makeFolder({ 'model.json': model(WEIGHTS, [path]), ...shards });
    expect(modelErrorOf(() => readTfjs(folder))?.code).toBe('weights-unsafe');
  });

  it.each([
    ['too short', single([3], new Uint8Array(8)), /8 bytes in its shards, expected 12/],
    ['too long', single([1], new Uint8Array(8)), /too long/],
    ['of an impossible shape', single([-1], new Uint8Array(8)), /impossible shape/],
    ['of a huge shape', single([2 ** 20, 2 ** 20], new Uint8Array(8)), /impossible shape/],
    ['larger than what is allowed', single([2 ** 27], new Uint8Array(8)), /bytes of weights/],
  ])('refuses weights %s', (_, files, message) => {
    const error = modelErrorOf(() => readTfjs(makeFolder(files)));
    expect(error?.code).toBe('weights-damaged');
    expect(error?.message).toMatch(message);
  });

  it('refuses a name that is there twice', () => {
    const files = { 'model.json': model([WEIGHTS[0], WEIGHTS[0]], ['one.bin']), 'one.bin': new Uint8Array(16) };
    expect(modelErrorOf(() => readTfjs(makeFolder(files)))?.message).toMatch(/two weights of the name "a"/);
  });

  it.each([
    ['no JSON', '{', /not JSON/],
    ['no object', '[]', /not an object/],
    ['no manifest', '{}', /no weightsManifest/],
    ['a group that is null', { weightsManifest: [null] }, /group of weights without weights/],
    ['no paths', { weightsManifest: [{ weights: [] }] }, /group of weights without paths/],
    ['a weight without a name', model([{ shape: [1] }]), /without a name/],
    ['a quantization that is a text', model([{ ...WEIGHTS[2], quantization: 'x' }]), /unreadable quantization/],
    ['no scale', model([{ ...WEIGHTS[2], quantization: { dtype: 'uint8' } }]), /no scale/],
    ['nodes that are no list', { weightsManifest: [], modelTopology: { node: 3 } }, /without nodes/],
    ['a node without a name', { weightsManifest: [], modelTopology: { node: [{}] } }, /without name/],
    ['inputs of numbers', { weightsManifest: [], modelTopology: { node: [{ ...NODES[0], input: [1] }] } }, /inputs/],
  ])('refuses a model.json with %s', (_, json, message) => {
    const error = modelErrorOf(() => readTfjs(makeFolder({ 'model.json': json })));
    expect(error?.code).toBe('weights-damaged');
    expect(error?.message).toMatch(message);
  });

  it.each([
    [{ name: 's', shape: [1], dtype: 'string' }],
    [{ name: 's', shape: [1], dtype: 'float32', quantization: { dtype: 'uint4', scale: 1, min: 0 } }],
  ])('refuses the number format of %j', (weight) => {
    expect(modelErrorOf(() => readTfjs(makeFolder({ 'model.json': model([weight]) })))?.code).toBe('weights-dtype');
  });

  it('says that there is no model.json', () => {
    expect(modelErrorOf(() => readTfjs(makeFolder({})))?.message).toMatch(/model\.json: no such file/);
  });
});
