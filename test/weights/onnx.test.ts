import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { folderSource } from '../../src/untrusted-data/files-beside.js';
import { readOnnx } from '../../src/weights/formats/onnx/read.js';
import { makeFolder } from './folder.js';
import { expectNoCrashWhenChanged, modelErrorOf } from './golden.js';
import { differ, runEngine, runNaively } from './graph-run.js';

interface Golden {
  readonly resolution: number;
  readonly pictures: readonly (readonly number[])[];
  readonly outputs: readonly (readonly number[])[];
}

/** Made by test/golden/onnx_tiny.py. */
const folder = fileURLToPath(new URL('../golden/onnx-tiny/', import.meta.url));
const goldens = JSON.parse(readFileSync(join(folder, '../onnx-tiny.json'), 'utf8')) as Record<string, Golden>;

function load(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(folder, `${name}.onnx`)));
}

function read(name: string) {
  return readOnnx(load(name), `${name}.onnx`, { files: folderSource(folder), resolution: goldens[name]!.resolution });
}

describe('the numbers of onnxruntime', () => {
  it.each(Object.keys(goldens))('%s: by plain loops and by the engine', async (name) => {
    const model = read(name);
    const { pictures, outputs } = goldens[name]!;
    // Every map of the integer file is rounded to 8 bits; the network here is not.
    const tolerance = name === 'qlinear' ? 0.02 : 1e-5;
    // A network that ignores its input must fail.
    expect(differ(outputs[0]!, outputs[1]!)).toBeGreaterThan(5 * tolerance);
    for (const [index, picture] of pictures.entries()) {
      expect(differ(runNaively(model, picture), outputs[index]!)).toBeLessThan(tolerance);
      expect(differ(await runEngine(model, picture), outputs[index]!)).toBeLessThan(tolerance);
    }
  });
});

/** Kinds of layers and what decides them. */
function outline(name: string): string[] {
  return read(name).network.layers.map((layer) => {
    const window = 'padding' in layer ? ` ${layer.kernelSize}/${layer.stride} ${Object.values(layer.padding)}` : '';
    const activation = 'activation' in layer ? ` ${layer.activation}` : '';
    return `${layer.kind} ${layer.name}${window}${activation}`;
  });
}

describe('the graph as layers', () => {
  it('batch norms and activations join the layer before them', () => {
    expect(outline('relu6-dynamo')).toEqual([
      'conv stem 3/2 1,1,1,1 relu6',
      'pointwise expand relu6',
      'depthwise depth 5/1 2,2,2,2 relu6',
      'pointwise project linear',
      expect.stringMatching(/^add /),
      expect.stringMatching(/^maxPool .* 3\/2 1,1,1,1$/),
      expect.stringMatching(/^activation .* relu$/),
      expect.stringMatching(/^globalAveragePool /),
      'dense head linear',
      'softmax softmax',
    ]);
  });

  it('swish and squeeze-and-excitation', () => {
    expect(outline('swish-torchscript').map((line) => line.replace(/ \S+/, ''))).toEqual([
      'conv 3/2 1,1,1,1 swish',
      'pointwise swish',
      'depthwise 5/1 2,2,2,2 swish',
      'globalAveragePool',
      'dense swish',
      'dense sigmoid',
      'scale',
      'pointwise linear',
      'add',
      'maxPool 3/2 1,1,1,1',
      'activation relu',
      'globalAveragePool',
      'dense linear',
      'softmax',
    ]);
  });

  it('what a converter wraps around: HWC, SAME, Pad, computed shapes, a scaled picture', () => {
    const model = read('composed');
    expect(outline('composed').map((line) => line.replace(/ \S+/, ''))).toEqual([
      'conv 3/2 1,1,1,1 relu6',
      'depthwise 3/2 0,2,1,1 relu',
      'maxPool 2/2 0,0,0,0',
      'depthwise 1/1 0,0,0,0 linear',
      'conv 2/1 0,0,0,0 linear',
      'softmax',
    ]);
    expect(model.inputNormalisation).toEqual({ mean: [0.5, 0.25, 0.125], std: [0.5, 0.5, 0.5] });
    expect(model.output).toEqual({
      shape: { height: 1, width: 1, channels: 4 },
      classes: 4,
      isProbability: true,
      head: 'exclusive',
    });
  });

  it('says where weights were integers, and what maps of 8 bits can hold', () => {
    expect(read('relu6-dynamo').quantised).toBe(false);
    for (const name of ['qdq', 'qlinear']) {
      const model = read(name);
      expect(model.quantised).toBe(true);
      const [low, high] = model.network.layers[0]!.range!;
      expect(low).toBe(0);
      expect(high).toBeLessThan(6.01);
    }
  });

  it('a picture of another size where the graph leaves it open', () => {
    const bytes = load('swish-torchscript');
    expect(readOnnx(bytes, 'x').inputResolution).toEqual({ height: 224, width: 224 });
    expect(readOnnx(bytes, 'x', { resolution: 40 }).inputResolution).toEqual({ height: 40, width: 40 });
    expect(readOnnx(load('composed'), 'x', { resolution: 40 }).inputResolution).toEqual({ height: 13, width: 13 });
  });
});

/** The file with one text in the place of another of the same length. */
function replace(name: string, from: string, to: string): Uint8Array {
  const bytes = Buffer.from(load(name));
  expect(to).toHaveLength(from.length);
  for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1)) bytes.write(to, at, 'latin1');
  return new Uint8Array(bytes);
}

describe('files that are refused', () => {
  it('an operator of another kind, by its name', () => {
    const error = modelErrorOf(() => readOnnx(replace('composed', 'Clip', 'Sinh'), 'x'));
    expect(error).toMatchObject({ code: 'operator-unsupported' });
    expect(error!.message).toBe('x: unsupported operator "Sinh"');
  });

  it.each([
    ['leaves the folder', '../x-dynamo.onnx.data', 'weights-unsafe'],
    ['is absolute', '/elu6-dynamo.onnx.data', 'weights-unsafe'],
    ['is missing', 'xelu6-dynamo.onnx.data', 'weights-missing'],
  ])('weights in a file that %s', (_, location, code) => {
    const bytes = replace('relu6-dynamo', 'relu6-dynamo.onnx.data', location.padEnd(22, 'a'));
    expect(modelErrorOf(() => readOnnx(bytes, 'x', { files: folderSource(folder) }))).toMatchObject({ code });
  });

  it('weights in another file, without a folder to look in', () => {
    expect(modelErrorOf(() => readOnnx(load('relu6-dynamo'), 'x'))).toMatchObject({ code: 'weights-missing' });
  });

  it('a symbolic link out of the folder', () => {
    const place = makeFolder({});
    mkdirSync(join(place, 'inner'));
    symlinkSync(join(folder, 'relu6-dynamo.onnx.data'), join(place, 'inner', 'relu6-dynamo.onnx.data'));
    const error = modelErrorOf(() =>
      readOnnx(load('relu6-dynamo'), 'x', { files: folderSource(join(place, 'inner')) }),
    );
    expect(error).toMatchObject({ code: 'weights-unsafe' });
  });

  it('weights in a file that is too short', () => {
    const place = makeFolder({
      'relu6-dynamo.onnx.data': readFileSync(join(folder, 'relu6-dynamo.onnx.data')).subarray(9),
    });
    const error = modelErrorOf(() => readOnnx(load('relu6-dynamo'), 'x', { files: folderSource(place) }));
    expect(error).toMatchObject({ code: 'weights-damaged' });
  });

  it('nothing, something else, and lengths beyond the end', () => {
    for (const bytes of [[], [0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f], [0x0a, 0x05, 1], [0x0b], [0xff, 0xff, 0xff], [0]]) {
      expect(modelErrorOf(() => readOnnx(Uint8Array.from(bytes), 'x'))).toMatchObject({ code: 'weights-damaged' });
    }
  });

  it('any damage gives a typed error or a model', () => {
    const bytes = load('composed');
    expectNoCrashWhenChanged(bytes, (changed) => readOnnx(changed, 'x'));
  });
});
