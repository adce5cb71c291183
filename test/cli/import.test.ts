import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writeSafetensors } from '../../src/weights/safetensors.js';
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
    expect(mobilenet('import', file, '--as', 'mine', '--res', '64', '--labels', labels)).toEqual({
      stdout: 'mine: mobilenet_v1 α 0.25, 64×64, 7 classes, 0.4 MB f16, taken for timm mobilenetv1\n',
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
    ['a name that is no name', ['--as', '../up'], 4, /^mobilenet: .*\.\.\/up/],
    ['a network’s name', ['--as', 'xception'], 4, /the name of a network/],
    ['another α', ['--as', 'x', '--alpha', '0.5'], 2, /--alpha 0\.5: .+ holds 0\.25/],
    ['too many labels', ['--as', 'x', '--labels', 'models/imagenet-1k.tsv'], 4, /1000 labels, expected 7/],
    ['an unknown padding', ['--as', 'x', '--padding', 'caffe'], 2, /tensorflow, pytorch, keras/],
  ])('refuses %s', (_, args, code, message) => {
    const run = mobilenet('import', file, ...args);
    expect(run.stdout).toBe('');
    expect(run.stderr).toMatch(message);
    expect(run.code).toBe(code);
  });

  it('refuses what holds no weights, in one line', () => {
    const { stderr, code } = mobilenet('import', 'README.md', '--as', 'x');
    expect(stderr).toMatch(/^mobilenet: README\.md: weights of an unknown format, expected safetensors, [^\n]+\n$/);
    expect(code).toBe(4);
  });
});
