import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
    ['no manifest', '{}', /with no weightsManifest/],
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

describe('the files of a manifest', () => {
  it('have names as browsers give them, and folders below the model', () => {
    const names = ['./model (1).weights.bin', 'weights/group1-shard1of1.bin'];
    const folder = makeFolder({ 'model.json': model(WEIGHTS, names), 'model (1).weights.bin': SHARD.slice(0, 5) });
    mkdirSync(join(folder, 'weights'));
    writeFileSync(join(folder, 'weights', 'group1-shard1of1.bin'), SHARD.slice(5));
    expect(readTfjs(folder).tensors.size).toBe(4);
  });

  it('are no links out of the folder, and links within it', () => {
    const outside = makeFolder({ 'one.bin': SHARD });
    const folder = makeFolder({ 'model.json': model(WEIGHTS, ['link.bin']) });
    symlinkSync(join(outside, 'one.bin'), join(folder, 'link.bin'));
    expect(modelErrorOf(() => readTfjs(folder))).toMatchObject({
      code: 'weights-unsafe',
      message: expect.stringContaining('"link.bin" is a link that leads out of the model\'s folder'),
    });
    const inside = makeFolder({ 'model.json': model(WEIGHTS, ['link.bin']), 'one.bin': SHARD });
    symlinkSync(join(inside, 'one.bin'), join(inside, 'link.bin'));
    expect(readTfjs(inside).tensors.size).toBe(4);
  });

  it.each([
    [
      'a Git LFS pointer',
      'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 44\n',
      /LFS pointer.*git lfs pull/,
    ],
    ['a web page', '<!DOCTYPE html><html>Sign in</html>', /is a web page, not the weights/],
  ])('say what they are: %s', (_, text, message) => {
    const folder = makeFolder({ 'model.json': model(WEIGHTS, ['one.bin']), 'one.bin': text });
    expect(modelErrorOf(() => readTfjs(folder))?.message).toMatch(message);
  });

  it.each([
    ['shards', { weightsManifest: [{ paths: new Array(5000).fill('one.bin'), weights: [] }] }, /more than 4096 shards/],
    ['empty groups', { weightsManifest: new Array(5000).fill({ paths: [], weights: [] }) }, /more than 4096 shards/],
    ['weights', { weightsManifest: [{ paths: [], weights: new Array(60_000).fill({}) }] }, /more than 50000 weights/],
  ])('are bounded: %s', (_, manifest, message) => {
    expect(modelErrorOf(() => readTfjs(makeFolder({ 'model.json': manifest })))?.message).toMatch(message);
  });

  it.each([
    { class_name: 'Sequential', config: [] },
    { className: 'Sequential', config: [] },
    { model_config: { class_name: 'Sequential', config: [] }, keras_version: '2.15.0' },
  ])('belong to the description %j', (modelTopology) => {
    const files = { 'model.json': { ...model(WEIGHTS), modelTopology }, ...shards };
    expect(readTfjs(makeFolder(files)).description?.config).toMatchObject({ config: [] });
  });
});
