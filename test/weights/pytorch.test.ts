import { describe, expect, it } from 'vitest';
import { readPyTorch } from '../../src/weights/formats/pytorch/read.js';
import {
  describeTensors,
  expectNoCrashWhenChanged,
  expectRefusedWhenCut,
  goldenFigures,
  goldenFile,
  modelErrorOf,
} from './golden.js';

const { state } = goldenFigures();
const read = (name: string) => readPyTorch(goldenFile(name), name);
const ascii = (text: string): number[] => [...new TextEncoder().encode(text)];

/** A legacy file up to its state dictionary, whose pickle follows. */
const LEGACY_HEAD = goldenFile('legacy.pth').slice(
  0,
  Buffer.from(goldenFile('legacy.pth')).indexOf('ccollections') - 2,
);

function readPickle(...parts: (number[] | string)[]): unknown {
  const pickle = parts.flatMap((part) => (typeof part === 'string' ? ascii(part) : part));
  return readPyTorch(Uint8Array.of(...LEGACY_HEAD, 0x80, 2, ...pickle), 'made.pth');
}

const GLOBAL_TENSOR = 'ctorch._utils\n_rebuild_tensor_v2\n';
const text = (value: string): number[] => [0x58, value.length, 0, 0, 0, ...ascii(value)];
const storageId = (type: string, key: string, count: number[]): (number[] | string)[] => [
  '(',
  text('storage'),
  `ctorch\n${type}\n`,
  text(key),
  text('cpu'),
  count,
  'tQ',
];
const int = (value: number): number[] => {
  const bytes = new Uint8Array(5);
  bytes[0] = 0x4a;
  new DataView(bytes.buffer).setInt32(1, value, true);
  return [...bytes];
};

function readTensor(count: number[], offset: number[], shape: number[][], strides: number[][]): unknown {
  const tuple = (values: number[][]): (number[] | string)[] => ['(', ...values, 't'];
  const id = storageId('FloatStorage', '0', count);
  const args = ['(', ...id, offset, ...tuple(shape), ...tuple(strides), [0x89], '}t'];
  return readPickle('}', text('a'), GLOBAL_TENSOR, ...args, 'Rs.', '](', text('0'), 'e.', [
    ...count.slice(1),
    0,
    0,
    0,
    0,
  ]);
}

describe('what graphics cards and newer formats leave', () => {
  it('bfloat16, exactly', () => {
    expect(describeTensors(read('bfloat16.pth'))).toEqual({
      a: { shape: [2, 2], dtype: 'f32', values: [1, -2.5, 0.0078125, 384] },
    });
  });

  it('storages that lay on a graphics card', () => {
    const text = Buffer.from(goldenFile('legacy.pth')).toString('latin1');
    const moved = text.replaceAll('ctorch\nFloatStorage\n', 'ctorch.cuda\nFloatStorage\n');
    expect(moved).not.toBe(text);
    const tensors = readPyTorch(new Uint8Array(Buffer.from(moved, 'latin1')), 'x');
    expect(describeTensors(tensors)).toEqual(describeTensors(read('legacy.pth')));
  });
});

describe('readPyTorch', () => {
  it.each(['zip.pth', 'legacy.pth', 'checkpoint.pth', 'deflated.pth'])('reads %s as torch does', (name) => {
    expect(describeTensors(read(name))).toEqual(state);
  });

  it('reads bytes at an odd offset', () => {
    const bytes = goldenFile('zip.pth');
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(describeTensors(readPyTorch(shifted.subarray(1), 'shifted'))).toEqual(state);
  });

  it.each(['evil-zip.pth', 'evil-legacy.pth'])('refuses %s, which would run a command', (name) => {
    const error = modelErrorOf(() => read(name));
    expect(error?.code).toBe('weights-unsafe');
    expect(error?.message).toContain('"posix.system"');
  });

  it('refuses a bare pickle that would run a command', () => {
    expect(modelErrorOf(() => read('evil-plain.pth'))?.code).toBe('weights-unsafe');
  });

  it('refuses a whole module and says what it names', () => {
    expect(modelErrorOf(() => read('module.pth'))?.message).toContain('"torch.nn.modules.linear.Linear"');
  });

  it('refuses a number format that it does not know', () => {
    expect(modelErrorOf(() => read('complex.pth'))?.message).toContain('"torch.ComplexFloatStorage"');
  });

  it('refuses numbers of the other byte order', () => {
    const bytes = Buffer.from(goldenFile('legacy.pth'));
    const flag = bytes.indexOf(0x88, bytes.indexOf('little_endian'));
    bytes[flag] = 0x89;
    expect(modelErrorOf(() => readPyTorch(bytes, 'x'))?.message).toBe('x: no little-endian system record');
  });

  it.each(['zip.pth', 'legacy.pth', 'deflated.pth'])('refuses %s cut anywhere', (name) => {
    expectRefusedWhenCut(goldenFile(name), (part) => readPyTorch(part, name));
  });

  it.each(['zip.pth', 'legacy.pth', 'deflated.pth'])('survives a change of any byte of %s', (name) => {
    expectNoCrashWhenChanged(goldenFile(name), (changed) => readPyTorch(changed, name));
  });

  it.each([
    ['__builtin__\neval', '__builtin__.eval'],
    ['torch\nload', 'torch.load'],
    ['collections\nOrderedDict.__class__', 'collections.OrderedDict.__class__'],
  ])('refuses the global %j', (name, shown) => {
    const error = modelErrorOf(() => readPickle(`c${name}\n`, text('x'), [0x85], 'R.'));
    expect(error?.code).toBe('weights-unsafe');
    expect(error?.message).toContain(JSON.stringify(shown));
  });

  it('refuses a storage that the file does not hold', () => {
    const one = int(1);
    expect(() => readTensor(one, int(0), [one], [one])).toThrow(/made\.pth: 4 bytes of storage .* 0 are left/);
  });

  it.each([
    ['an offset beyond the storage', int(2), int(2), [int(1)], [int(1)]],
    ['a negative offset', int(2), int(-1), [int(1)], [int(1)]],
    ['a stride beyond the storage', int(4), int(0), [int(2)], [int(4)]],
    ['a negative stride', int(4), int(3), [int(2)], [int(-1)]],
    ['a shape larger than the storage', int(4), int(0), [int(5)], [int(0)]],
    ['a huge shape', int(4), int(0), [int(0x7fffffff), int(0x7fffffff)], [int(0), int(0)]],
    ['a negative shape', int(4), int(0), [int(-1)], [int(1)]],
    ['fewer strides than axes', int(4), int(0), [int(2), int(2)], [int(1)]],
    ['a huge storage', int(0x7fffffff), int(0), [int(1)], [int(1)]],
    ['a negative storage', int(-4), int(0), [int(1)], [int(1)]],
  ])('refuses a tensor with %s', (_, count, offset, shape, strides) => {
    const error = modelErrorOf(() => readTensor(count, offset, shape, strides));
    expect(error?.code).toBe('weights-damaged');
    expect(error?.message).toMatch(/tensor|storage/);
    expect(error?.message).not.toContain('are left');
  });

  it.each([
    ['an unknown opcode', ['\xff.'], /opcode 0xc3/],
    ['an empty stack', ['.'], /stack empty/],
    ['no mark', ['t.'], /without a mark/],
    ['a memo that was never stored', [[0x68, 7], '.'], /recalls 7/],
    ['items on no dictionary', [']', text('a'), 'Ns.'], /no dictionary/],
    ['items on no list', ['}N', 'a.'], /no list/],
    ['a call of no function', ['N', ')R.'], /not callable/],
    ['a persistent id of no storage', ['NQ.'], /no storage/],
    ['an endless string', [[0x58, 0xff, 0xff, 0xff, 0x7f], 'x'], /string of/],
    ['no dictionary', [text('a'), '.'], /storage list|expected|left/],
  ] as [string, (number[] | string)[], RegExp][])('refuses a pickle with %s', (_, parts, message) => {
    const error = modelErrorOf(() => readPickle(...parts));
    expect(error?.code).toBe('weights-damaged');
    expect(error?.message).toMatch(message);
  });

  it('does not follow dictionaries that hold themselves', () => {
    const dictionary = [[0x7d, 0x71, 0], text('state_dict'), '}', text('state_dict'), [0x68, 0], 'ss.'];
    const error = modelErrorOf(() => readPickle(...(dictionary as (number[] | string)[]), '].'));
    expect(error?.message).toMatch(/expected a state dictionary/);
  });

  it('bounds the depth of the stack', () => {
    const marks = new Uint8Array((1 << 18) + 8).fill(0x28);
    const bytes = new Uint8Array(LEGACY_HEAD.length + marks.length);
    bytes.set(LEGACY_HEAD);
    bytes.set(marks, LEGACY_HEAD.length);
    expect(modelErrorOf(() => readPyTorch(bytes, 'deep'))?.message).toMatch(/deeper/);
  });

  it('bounds the number of steps', () => {
    const steps = new Uint8Array(3 << 19).map((_, index) => (index % 2 === 0 ? 0x4e : 0x30));
    const bytes = new Uint8Array(LEGACY_HEAD.length + steps.length);
    bytes.set(LEGACY_HEAD);
    bytes.set(steps, LEGACY_HEAD.length);
    expect(modelErrorOf(() => readPyTorch(bytes, 'long'))?.message).toMatch(/steps/);
  });

  it.each(['', 'hello', '\x80', 'PK\x03\x04'])('refuses %j', (content) => {
    expect(modelErrorOf(() => readPyTorch(new TextEncoder().encode(content), 'x'))?.code).toBe('weights-damaged');
  });
});
