import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mobilenet } from './run.js';

const photo = 'test/photos/alps.jpg';
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-explain-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('mobilenet explain', () => {
  it('says where the evidence for the most probable class is', () => {
    const { stdout, stderr, code } = mobilenet('explain', photo);
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(stdout).toMatch(
      /^test\/photos\/alps\.jpg: alp, 85\.\d %\nLogit: mean of the 49 cells 13\.\d+ − bias 0\.\d+ = 13\.\d+\n/,
    );
    expect(stdout).toMatch(/\nCells in % of all evidence for alp:\n( +[·\d−]+){7}\n/);
    expect(stdout).toMatch(/\n8\d % of the evidence for alp: \d+ × \d+ pixels from \(\d+, \d+\)\n/);
    expect(stdout).toMatch(/\nSeen by the network: 424 × 424 pixels from \(299, 30\), of 1024 × 484 pixels\n$/);
  });

  it('gives the numbers as JSON, the same as classify', () => {
    const explained = JSON.parse(mobilenet('explain', photo, '--json').stdout);
    const [{ predictions }] = JSON.parse(mobilenet('classify', photo, '--json').stdout).images;
    expect(explained.class).toMatchObject(predictions[0]);
    expect(explained.grid.map((row: readonly number[]) => row.length)).toEqual([7, 7, 7, 7, 7, 7, 7]);
    expect(Object.keys(explained)).toEqual(
      expect.arrayContaining(['file', 'model', 'class', 'logit', 'bias', 'identity', 'grid', 'seen', 'box80', 'scale']),
    );
    expect(explained).not.toHaveProperty('against');
  });

  it('draws a PNG over the whole picture, and writes nothing over a file that is there', async () => {
    const output = join(folder, 'heat.png');
    const { stdout, code } = mobilenet('explain', photo, '--class', 'dog', '--against', 'cat', '--output', output);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\n {2}against .*\nDifference of the logits: mean/);
    const { format, width, height } = await sharp(output).metadata();
    expect({ format, width }).toEqual({ format: 'png', width: 1024 });
    expect(height).toBeGreaterThan(484);
    expect(mobilenet('explain', photo, '-o', output)).toMatchObject({ code: 2, stdout: '' });
    expect(mobilenet('explain', photo, '-o', output, '--overwrite', '--quiet')).toMatchObject({ code: 0, stdout: '' });
  });

  it('writes JSON to a file that is named like that, and prints nothing', () => {
    const output = join(folder, 'heat.json');
    expect(mobilenet('explain', photo, '-o', output)).toEqual({ stdout: '', stderr: '', code: 0 });
    expect(JSON.parse(readFileSync(output, 'utf8'))).toMatchObject({ file: photo, class: { label: 'alp' } });
  });

  it('leaves no file behind where there is nothing to explain', () => {
    const output = join(folder, 'none.png');
    const text = join(folder, 'text.jpg');
    writeFileSync(text, 'no picture');
    expect(mobilenet('explain', text, '-o', output).code).toBe(3);
    expect(statSync(output, { throwIfNoEntry: false })).toBeUndefined();
  });

  it.each([
    [[], 2, 'missing argument <image>'],
    [['test/photos'], 2, 'test/photos: more than one image, expected one image'],
    [['missing.jpg'], 3, 'missing.jpg: no such file'],
    [[photo, '--class', 'malamut'], 2, '--class malamut: no such class; did you mean malamute?'],
    [[photo, '--class', '1000'], 2, '--class 1000: no such class'],
    [[photo, '--output', 'heat.gif'], 2, '--output heat.gif: expected a name that ends in .png or .json'],
    [[photo, '--model', 'mobilenet_v9'], 2, 'mobilenet_v9'],
    [[photo, '--weights', 'test/golden/keras-files/half.keras'], 4, 'half.keras: cannot be explained'],
  ] as const)('refuses %j in one line', (args, code, message) => {
    const run = mobilenet('explain', ...args);
    expect(run).toMatchObject({ code, stdout: '' });
    expect(run.stderr).toMatch(/^mobilenet: [^\n]*\n$/);
    expect(run.stderr).toContain(message);
  });
});

it('cost explain stays what it is', () => {
  expect(mobilenet('cost', 'explain').stdout).toContain('separable ÷ standard');
});
