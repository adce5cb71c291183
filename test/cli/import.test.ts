import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writeSafetensors } from '../../src/weights/formats/safetensors/safetensors.js';
import { readCheckpoints, tensorsOf } from '../weights/families/checkpoint.js';
import { mobilenet } from './run.js';

const alps = 'test/photos/alps.jpg';

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-'));
  vi.stubEnv('MOBILENET_HOME', join(folder, 'home'));
  file = join(folder, 'timm.safetensors');
  const checkpoint = readCheckpoints().find(({ family, alpha }) => family === 'timm mobilenetv1' && alpha === 0.25)!;
  writeFileSync(file, writeSafetensors(tensorsOf(checkpoint)));
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

describe('mobilenet import', () => {
  it('installs; classify runs, models export writes what classify --weights takes', () => {
    const labels = join(folder, 'labels.txt');
    writeFileSync(labels, 'one\ntwo\nthree\nfour\nfive\nsix\nseven\n');
    expect(mobilenet('import', file, '--as', 'mine', '--res', '64', '--labels', labels, '--input', '-1..1')).toEqual({
      stdout: 'mine: mobilenet_v1 α 0.25, 64×64, 7 classes, 0.9 MB f32, recognised as timm mobilenetv1\n',
      stderr: '',
      code: 0,
    });
    const predictions = (...args: string[]) => JSON.parse(mobilenet('classify', '--json', ...args, alps).stdout);
    const installed = predictions('--model', 'mine');
    expect(installed.images[0].predictions.map(({ label }: { label: string }) => label)).toContain('three');
    const exported = join(folder, 'mine.safetensors');
    expect(mobilenet('models', 'export', 'mine', exported)).toMatchObject({ stderr: '', code: 0 });
    const again = predictions('--weights', exported, '--labels', labels);
    expect(again.images[0].predictions).toEqual(installed.images[0].predictions);
  });

  it.each<[string, string[], number, RegExp]>([
    ['no name', [], 2, /--as/],
    ['a name that leads out of the store', ['--as', '../up'], 2, /^mobilenet: --as \.\.\/up: not a valid model name, /],
    ['a device name', ['--as', 'con'], 2, /^mobilenet: --as con: not a valid model name, /],
    ['a name with a newline', ['--as', 'a\nb'], 2, /^mobilenet: --as a\S+b: not a valid model name, [^\n]+\n$/],
    ['a network’s name', ['--as', 'xception'], 4, /the name of a network/],
    ['another α', ['--as', 'x', '--alpha', '0.5'], 2, /--alpha 0\.5: .+ holds 0\.25/],
    ['too many labels', ['--as', 'x', '--labels', 'models/imagenet-1k.tsv'], 4, /1000 labels, expected 7/],
    [
      'an unknown padding',
      ['--as', 'x', '--padding', 'caffe'],
      2,
      /--padding caffe: expected tensorflow, pytorch or keras/,
    ],
  ])('refuses %s', (_, args, code, message) => {
    const run = mobilenet('import', file, ...args);
    expect(run.stdout).toBe('');
    expect(run.stderr).toMatch(message);
    expect(run.code).toBe(code);
  });

  it('--calibrate: classify --dtype int8 has the ranges it needs', () => {
    const classify = (dtype: string) => {
      const { stdout, stderr } = mobilenet('classify', '--json', '--model', 'ranged', '--dtype', dtype, alps);
      return stderr === '' ? JSON.parse(stdout) : stderr;
    };
    const pictures = join(folder, 'pictures');
    cpSync('test/photos', pictures, { recursive: true });
    const run = mobilenet('import', file, '--as', 'ranged', '--res', '64', '--input', '-1..1', '--calibrate', pictures);
    expect(run.stdout).toMatch(
      /\nranged: integer ranges chosen from 4 images, for --dtype int8\nint8: same top class on 1 of 1 held-out images, largest change of a probability 0\.\d\d\n$/,
    );
    expect(run.stderr).toMatch(
      /^mobilenet: .*README\.md: [^\n]+\n(calibrating: .+\n)*mobilenet: --calibrate \S+: only 4 images, expected 32 or more; [^\n]+\n$/,
    );
    expect(run.code).toBe(0);
    const [floats, integers] = [classify('f32'), classify('int8')];
    expect([floats.model.dtype, integers.model.dtype]).toEqual(['f32', 'int8']);
    const probabilities = ({ images }: { images: { predictions: { index: number; probability: number }[] }[] }) =>
      images[0]!.predictions.toSorted((a, b) => a.index - b.index).map(({ probability }) => probability);
    const [expected, found] = [probabilities(floats), probabilities(integers)];
    expect(found).not.toEqual(expected);
    found.forEach((probability, index) => {
      expect(Math.abs(probability - expected[index]!)).toBeLessThan(0.02);
    });

    expect(mobilenet('models', 'verify')).toMatchObject({ code: 0 });
    const { levels, calibration } = JSON.parse(readFileSync(join(folder, 'home/models/ranged/model.json'), 'utf8'));
    expect(calibration).toEqual({ images: 4, heldOut: 1, sameTop: 1, largestChange: expect.any(Number) });
    const listed = JSON.parse(mobilenet('models', '--installed', '--json').stdout).installed;
    expect(listed).toContainEqual(expect.objectContaining({ name: 'ranged', calibration }));
    const blob = join(folder, `home/blobs/${levels.sha256}.safetensors`);
    const bytes = readFileSync(blob);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(blob, bytes);
    expect(classify('int8')).toMatch(/^mobilenet: .+: sha-256 .+, expected .+\n$/);
    expect(classify('f32').model.dtype).toBe('f32');
    expect(mobilenet('models', 'verify')).toMatchObject({ code: 4 });
    expect(mobilenet('models', 'remove', 'ranged')).toMatchObject({ code: 0 });
    expect(readdirSync(join(folder, 'home/blobs'))).not.toContain(`${levels.sha256}.safetensors`);
  }, 60_000);

  it('without --calibrate --dtype int8 is refused and says what provides the ranges', () => {
    expect(mobilenet('import', file, '--as', 'plain', '--res', '64', '--input', '-1..1').code).toBe(0);
    const { stdout, stderr, code } = mobilenet('classify', '--model', 'plain', '--dtype', 'int8', alps);
    expect([stdout, code]).toEqual(['', 4]);
    expect(stderr).toMatch(
      /^mobilenet: plain: not calibrated for int8; run: mobilenet import FILE --as NAME --calibrate FOLDER; [^\n]+\n$/,
    );
  });

  it.each([
    ['a folder that is absent', 'absent', 'no such folder'],
    ['a folder without pictures', 'src/store', 'no image that can be read'],
  ])('--calibrate refuses %s, and installs nothing', (_, pictures, problem) => {
    const { stderr, code } = mobilenet('import', file, '--as', 'nothing', '--res', '64', '--calibrate', pictures);
    expect(stderr.split('\n').at(-2)).toContain(problem);
    expect(code).toBe(2);
    expect(mobilenet('models', 'remove', 'nothing').code).toBe(4);
  });

  it('says what it had to assume, and classify says it again', () => {
    const note =
      /^mobilenet: [\w.]+: assumed that the network takes values from -1 to 1, since timm mobilenetv1 usually does; /;
    const { stderr, code } = mobilenet('import', file, '--as', 'assumed', '--res', '64');
    expect(code).toBe(0);
    expect(stderr).toMatch(note);
    expect(stderr).toMatch(/; if it takes others, add --input RANGE\n$/);
    const run = mobilenet('classify', '--json', '--model', 'assumed', alps);
    expect(run.stderr).toMatch(note);
    expect(run.stderr).toMatch(/; if it takes others, import it again with --input RANGE\n$/);
    expect(JSON.parse(run.stdout).model.preprocessing).toMatchObject({ mean: [0.5, 0.5, 0.5], assumed: true });
    const bytes = mobilenet('import', file, '--as', 'assumed', '--res', '64', '--input', '0..255', '--replace');
    expect(bytes.stderr).toBe('');
    const again = mobilenet('classify', '--json', '--model', 'assumed', alps);
    expect(again.stderr).toBe('');
    expect(JSON.parse(again.stdout).model.preprocessing).toMatchObject({ mean: [0, 0, 0], assumed: false });
    expect(JSON.parse(again.stdout).images).not.toEqual(JSON.parse(run.stdout).images);
  });

  it('refuses what holds no weights, in one line', () => {
    const { stderr, code } = mobilenet('import', 'README.md', '--as', 'x');
    expect(stderr).toMatch(
      /^mobilenet: README\.md: weights of an unknown format, expected safetensors \(\.safetensors\), [^\n]+\n$/,
    );
    expect(code).toBe(4);
  });
});
