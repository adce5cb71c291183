import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openWeights } from '../../src/weights/formats/open.js';
import { makeZip } from '../archives/make-zip.js';
import { makeFolder } from './folder.js';

const golden = fileURLToPath(new URL('../golden/', import.meta.url));
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(join(golden, name)));
const labels = new TextEncoder().encode('0 Cup\n1 Spoon\n');

const lite = { name: 'converted_tflite/model_unquant.tflite', data: read('tflite-tiny/float.tflite') };
const onnx = [
  { name: 'export/model.onnx', data: read('onnx-tiny/relu6-dynamo.onnx') },
  { name: 'export/relu6-dynamo.onnx.data', data: read('onnx-tiny/relu6-dynamo.onnx.data') },
];

function archive(...members: Parameters<typeof makeZip>[0]): string {
  return join(makeFolder({ 'export.zip': makeZip(members) }), 'export.zip');
}

describe('an export as it comes', () => {
  it('an archive with a model, its labels, and what macOS adds', async () => {
    const path = archive(
      lite,
      { name: 'converted_tflite/labels.txt', data: labels },
      { name: '__MACOSX/converted_tflite/._model_unquant.tflite', data: labels },
      { name: 'converted_tflite/.DS_Store', data: labels },
    );
    const opened = await openWeights(path);
    expect(opened.kind).toBe('graph');
    expect(opened.path).toBe(`${path}/${lite.name}`);
    expect(opened.files?.names).toEqual(['model_unquant.tflite', 'labels.txt']);
    expect(opened.files?.read('labels.txt')).toEqual(labels);
  });

  it('weights in a second file beside the model', async () => {
    const opened = await openWeights(archive(...onnx));
    expect(opened.kind === 'graph' && opened.imported.output.classes).toBe(5);
    await expect(openWeights(archive(onnx[0]!))).rejects.toThrow(/relu6-dynamo\.onnx\.data" is missing/);
  });

  it('a folder with one model in it', async () => {
    const folder = makeFolder({ 'model.tflite': lite.data, 'labels.txt': labels });
    expect((await openWeights(folder)).path).toBe(join(folder, 'model.tflite'));
  });

  it.each([
    ['several models', [lite, ...onnx], /holds several models \("converted_tflite.*unpack it/],
    ['none', [{ name: 'labels.txt', data: labels }], /no model in this archive, expected a file \.h5/],
    [
      'a SavedModel',
      [{ name: 'model.savedmodel/saved_model.pb', data: labels }],
      /a TensorFlow SavedModel.*from_saved_model/,
    ],
    [
      'a page in place of the model',
      [{ name: 'm.onnx', data: new TextEncoder().encode('<!doctype html><p>') }],
      /a web page/,
    ],
  ] as const)('%s is refused', async (_, members, message) => {
    await expect(openWeights(archive(...members))).rejects.toThrow(message);
  });

  it.each([[[]], [['labels.txt']]])('a folder without a model, with the files %j, is refused', async (files) => {
    const folder = makeFolder(Object.fromEntries(files.map((name) => [name, labels])));
    const refusal = openWeights(folder);
    await expect(refusal).rejects.toThrow(`${folder}: no model in this folder, expected a file .h5`);
    await expect(refusal).rejects.toMatchObject({ exitCode: 4 });
  });

  it('a SavedModel folder is refused with the line that converts it', async () => {
    const folder = makeFolder({ 'saved_model.pb': labels });
    mkdirSync(join(folder, 'variables'));
    await expect(openWeights(folder)).rejects.toThrow(/SavedModel.*from_saved_model\(FOLDER\)/);
  });

  it('a shard that is a link out of its folder', async () => {
    const folder = makeFolder({ 'model.json': { weightsManifest: [{ weights: [], paths: ['shard.bin'] }] } });
    symlinkSync('/etc/hostname', join(folder, 'shard.bin'));
    await expect(openWeights(folder)).rejects.toThrow('is a link that leads out');
  });
});
