import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandNames } from '../../src/cli/start/implied-command.js';
import { mobilenet, root } from './run.js';

const alps = 'test/photos/alps.jpg';
const boats = 'test/photos/boats.jpg';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Times differ from run to run. */
const masked = (text: string) => text.replace(/· [\d.]+ ms\n/, '· N ms\n');

describe('mobilenet classify', () => {
  it('prints predictions and what the network costs', () => {
    const { stdout, stderr, code } = mobilenet('classify', alps);
    expect(masked(stdout)).toMatch(
      /^test\/photos\/alps\.jpg\n {2}alp {35}8\d\.\d %\n( {2}\S.{35,71} {1,3}\d{1,2}\.\d %\n){4}mobilenet_v2 α 1\.0 · 224×224 · 300\.8 M MACs · 601\.5 M FLOPs · 3\.50 M parameters · N ms\n$/,
    );
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  it('--json has the documented fields in their order', () => {
    const { stdout, code } = mobilenet('classify', '--json', '--top', '2', alps, boats);
    const document = JSON.parse(stdout);
    expect(Object.keys(document)).toEqual(['model', 'cost', 'images']);
    expect(document.model).toEqual({
      network: 'mobilenet_v2',
      alpha: 1,
      resolution: 224,
      trainedResolution: 224,
      dtype: 'f32',
      weights: 'mobilenet_v2_1.0_224.safetensors',
    });
    expect(document.cost).toEqual({ macs: 300774272, flops: 601548544, params: 3504872 });
    expect(document.images.map(({ file }: { file: string }) => file)).toEqual([alps, boats]);
    const [first] = document.images;
    expect(Object.keys(first)).toEqual(['file', 'predictions', 'ms']);
    expect(Object.keys(first.ms)).toEqual(['decode', 'run']);
    expect(first.predictions).toHaveLength(2);
    expect(first.predictions[0]).toMatchObject({ index: 970, id: 'n09193705', label: 'alp' });
    expect(first.predictions[0].probability).toBeGreaterThan(first.predictions[1].probability);
    expect(code).toBe(0);
  });

  it.each([
    ['efficientnet_b0', /385\.8 M MACs · 771\.6 M FLOPs · 5\.29 M parameters/],
    ['efficientnet_lite0', /385\.2 M MACs · 770\.4 M FLOPs · 4\.65 M parameters/],
    ['mobilenet_v1', /568\.7 M MACs · 1,137\.5 M FLOPs · 4\.23 M parameters/],
  ])('runs %s', (model, facts) => {
    const { stdout, code } = mobilenet('classify', '--model', model, alps);
    expect(stdout).toMatch(/\n {2}alp /);
    expect(stdout).toContain(`\n${model} α 1.0 · 224×224 · `);
    expect(stdout).toMatch(facts);
    expect(code).toBe(0);
  });

  it('takes labels of the user’s own, as many as there are classes', () => {
    const labels = join(folder, 'labels.txt');
    writeFileSync(labels, Array.from({ length: 1000 }, (_, index) => `label ${index}`).join('\n'));
    expect(mobilenet('classify', '--labels', labels, alps).stdout).toMatch(/\n {2}label 970 /);
    writeFileSync(labels, 'one\ntwo\n');
    const { stdout, stderr, code } = mobilenet('classify', '--labels', labels, alps);
    expect([stdout, code]).toEqual(['', 4]);
    expect(stderr).toBe(`mobilenet: ${labels}: 2 labels, expected 1000, one for each class\n`);
  });

  it('goes on after a broken picture: exit 1', () => {
    const empty = join(folder, 'empty.jpg');
    writeFileSync(empty, '');
    const { stdout, stderr, code } = mobilenet('classify', empty, alps, 'no\nsuch.jpg');
    expect(stdout).toMatch(/^test\/photos\/alps\.jpg .* % {2}alp\n/);
    expect(stderr.split('\n')).toHaveLength(3);
    expect(stderr).toMatch(/^mobilenet: .*empty\.jpg: .+\nmobilenet: no\\nsuch\.jpg: no such file\n$/);
    expect(code).toBe(1);
    const { images } = JSON.parse(mobilenet('classify', '--json', empty, alps).stdout);
    expect(images[0]).toEqual({ file: empty, error: { code: 'empty', message: expect.stringContaining(empty) } });
    expect(images[1].predictions).toHaveLength(5);
  });

  it.skipIf(!existsSync('/dev/full'))('says in one line that the disk is full: exit 74', () => {
    const full = openSync('/dev/full', 'w');
    const program = join(root, 'bin/mobilenet.js');
    const run = spawnSync(process.execPath, [program, 'classify', alps], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', full, 'pipe'],
    });
    closeSync(full);
    const toFile = mobilenet('classify', alps, '--format', 'jsonl', '--output', '/dev/full');
    for (const [stderr, code] of [
      [run.stderr, run.status],
      [toFile.stderr, toFile.code],
    ]) {
      expect(stderr).toMatch(/^mobilenet: .*(cannot write the output: ENOSPC|cannot be written \(ENOSPC\)).*\n$/);
      expect(code).toBe(74);
    }
  });

  it('--output-name names an output of an ONNX file', () => {
    const onnx = ['--weights', 'test/golden/onnx-tiny/relu6-dynamo.onnx', alps, '--output-name'];
    const { stderr, code } = mobilenet('classify', ...onnx, 'nothing');
    const [, output] = /no output "nothing", expected one of "(.*)"\n$/.exec(stderr) ?? [];
    expect(code).toBe(4);
    expect(mobilenet('classify', ...onnx, output!).code).toBe(0);
  });

  it('exits 3 when every picture failed', () => {
    const { stdout, stderr, code } = mobilenet('classify', 'missing.jpg', 'gone.png');
    expect([stdout, code]).toEqual(['', 3]);
    expect(stderr.split('\n')).toHaveLength(3);
  });

  const wrongUsage: [string, string[], RegExp][] = [
    ['no file', [], /no input given, expected images, folders or --files-from/],
    ['an unknown model', ['--model', 'resnet', alps], /resnet: unknown model, expected mobilenet_v1, /],
    ['a misspelt model', ['--model', 'mobilenetv2', alps], /mobilenetv2: unknown model; did you mean mobilenet_v2\?/],
    ['a bad α', ['--alpha', '-1', alps], /--alpha -1: expected a number above 0/],
    ['a bad resolution', ['--res', '12.5', alps], /--res 12\.5: expected a whole number/],
    ['a bad count', ['--top', 'all', alps], /--top all: expected a whole number/],
    ['an unknown option', ['--colour', alps], /--colour: unknown option; see mobilenet classify --help/],
    ['a misspelt option', ['--tpo', '3', alps], /--tpo: unknown option; did you mean --top\?\n$/],
    ['an option without its value', ['--top'], /--top: missing <count>; see mobilenet classify --help/],
    ['an output of a bundled model', ['--output-name', 'x', alps], /--output-name: needs --weights/],
    [
      'an output of a file that has one',
      ['--weights', 'test/golden/tflite-tiny/float.tflite', '--output-name', 'x', alps],
      /--output-name x: .*float\.tflite is neither an ONNX file nor a TensorFlow frozen graph/,
    ],
    ['an unknown filter', ['--resize', 'cubic', alps], /--resize cubic: expected pil-bilinear, .* or nearest/],
    [
      'three weights files',
      ['--weights', 'a', '--weights', 'b', '--weights', 'c', alps],
      /--weights c: given more than 2 times/,
    ],
  ];
  it.each(wrongUsage)('%s: exit 2', (_, args, message) => {
    const { stdout, stderr, code } = mobilenet('classify', ...args);
    expect([stdout, code]).toEqual(['', 2]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  const noWeights: [string, string[], RegExp][] = [
    ['a network', ['--model', 'xception', alps], /xception: neither bundled nor installed.*--weights/],
    ['an α', ['--alpha', '0.5', alps], /mobilenet_v2 α 0\.5: neither bundled nor installed/],
    ['a file', ['--weights', 'missing.tflite', alps], /missing\.tflite: no such file/],
    [
      'a format',
      ['--weights', alps, alps],
      /alps\.jpg: weights of an unknown format, expected safetensors .*TFLite .*ONNX/,
    ],
  ];
  it.each(noWeights)('%s that is not there: exit 4 and what would provide it', (_, args, message) => {
    const { stdout, stderr, code } = mobilenet('classify', ...args);
    expect([stdout, code]).toEqual(['', 4]);
    expect(stderr).toMatch(message);
    expect(stderr.split('\n')).toHaveLength(2);
  });
});

describe('mobilenet', () => {
  it('says its version and lists its commands', () => {
    expect(mobilenet('--version')).toMatchObject({ code: 0, stderr: '' });
    expect(mobilenet('--help').stdout).toMatch(/classify[\s\S]+cost[\s\S]+Exit codes:\n {2}0 /);
  });

  it('exits 2 without a command', () => {
    expect(mobilenet().code).toBe(2);
  });

  it.each([
    ['clasify', 'no such command or file; did you mean mobilenet classify?'],
    ['Predict', 'no such command or file; did you mean mobilenet classify?'],
    ['uninstall', 'no such command or file; did you mean mobilenet models remove?'],
    ['train', 'no such command or file; did you mean mobilenet learn?'],
    ['serve', `no such command or file, expected ${commandNames.join(', ')} or an image`],
  ])('%s is no command: exit 2', (word, message) => {
    expect(mobilenet(word)).toEqual({ code: 2, stdout: '', stderr: `mobilenet: ${word}: ${message}\n` });
  });

  it.each([
    ['verfy', 'did you mean verify?'],
    ['learn', 'expected verify, remove, export or path'],
  ])('models %s is no command: exit 2', (word, message) => {
    const { code, stderr } = mobilenet('models', word);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^mobilenet: \w+: unknown command.*\n$/);
    expect(stderr).toContain(message);
  });
});
