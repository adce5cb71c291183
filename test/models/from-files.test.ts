import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ModelChoice } from '../../src/domain/model-choice.js';
import { chooseModel } from '../../src/models/choose.js';
import { openRunner } from '../../src/runners/open.js';
import { importModel } from '../../src/use-cases/import.js';

const alps = 'test/photos/alps.jpg';
const folders: string[] = [];
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-files-'));
  folders.push(folder);
  file = join(folder, 'three.keras');
  // A small classifier of 4 classes that keras 3 wrote (test/golden/keras_hdf5.py).
  cpSync('test/golden/keras-hdf5/three.keras', file);
  vi.stubEnv('MOBILENET_HOME', join(folder, 'home'));
});
afterAll(() => {
  vi.unstubAllEnvs();
  for (const each of folders) rmSync(each, { recursive: true });
});

const open = (choice: ModelChoice = {}) => chooseModel({ weights: [file], ...choice });

async function classify(choice: ModelChoice) {
  const runner = await openRunner(choice, { kind: 'thread' });
  try {
    return (await runner.classify({ file: alps, path: alps }, { top: 100 })).predictions;
  } finally {
    runner.close();
  }
}

describe('a file with a graph', () => {
  it('is called a graph where no paper has it, and says what was assumed', async () => {
    const { facts, notes, network } = await open();
    expect(facts).toMatchObject({ network: 'graph', alpha: 1, resolution: 9, preprocessing: { assumed: true } });
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(
      /^three\.keras: assumed that the network takes values from -1 to 1, since Keras .+ --input RANGE$/,
    );
    expect(network.classes).toBe(4);
  });

  it('takes the range that options say', async () => {
    const { facts, notes, preprocessing } = await open({ input: '0..1' });
    expect(facts.preprocessing).toMatchObject({ mean: [0, 0, 0], std: [1, 1, 1], assumed: false });
    expect(notes).toEqual([]);
    expect(preprocessing).not.toHaveProperty('assumed');
    expect((await open({ mean: [0.5], std: [0.25] })).preprocessing).toMatchObject({ std: [0.25, 0.25, 0.25] });
    await expect(open({ input: '0..1', mean: [0], std: [1] })).rejects.toThrow(/cannot be combined/);
    await expect(chooseModel({ input: '0..1' })).rejects.toThrow(/--input: needs --weights/);
  });

  it('takes labels that lie beside it, and says which it cannot use', async () => {
    writeFileSync(join(folder, 'labels.txt'), '0 one\n1 two\n2 three\n3 four\n');
    expect((await open()).readLabels()).toEqual([
      { name: 'one' },
      { name: 'two' },
      { name: 'three' },
      { name: 'four' },
    ]);
    writeFileSync(join(folder, 'labels.txt'), 'one\ntwo\n');
    const model = await open();
    expect(model.readLabels()[0]).toEqual({ name: 'class 0' });
    expect(model.notes[1]).toMatch(/labels\.txt is not used: 2 labels for 4 classes; --labels FILE gives others$/);
    await expect(classify({ weights: [file], labels: join(folder, 'labels.txt') })).rejects.toThrow(
      /2 labels, expected 4, one for each class/,
    );
  });

  it('takes the range that a configuration beside it says', async () => {
    writeFileSync(
      join(folder, 'preprocessor_config.json'),
      '{"image_mean":[0,0,0],"image_std":[1,1,1],"do_normalize":true}',
    );
    const { facts, notes } = await open();
    expect([facts.preprocessing?.assumed, notes]).toEqual([false, []]);
    expect(facts.preprocessing?.std[0]).toBeCloseTo(1, 6);
  });

  it('keeps graph, range and labels when it is imported', async () => {
    writeFileSync(join(folder, 'labels.txt'), 'one\ntwo\nthree\nfour\n');
    const { installed, notes } = await importModel(file, { name: 'mine', input: '0..255' });
    expect(notes).toEqual([]);
    expect(installed).toMatchObject({ network: 'graph', preprocessing: { mean: [0, 0, 0] } });
    const expected = await classify({ weights: [file], input: '0..255' });
    const found = await classify({ model: 'mine' });
    expect(found.map(({ label, index }) => [label, index])).toEqual(expected.map(({ label, index }) => [label, index]));
    for (const [index, { probability }] of found.entries()) {
      expect(probability).toBeCloseTo(expected[index]!.probability, 5);
    }
  });
});
