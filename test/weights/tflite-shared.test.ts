import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Preprocessing } from '../../src/domain/preprocessing.js';
import { loadPixelKernels } from '../../src/engine/pixels.js';
import { createSession } from '../../src/engine/session.js';
import { prepareImage } from '../../src/images/prepare.js';
import { identify } from '../../src/networks/identify.js';
import { resolve } from '../../src/networks/resolve.js';
import { checkWeights } from '../../src/weights/check.js';
import { readTflite } from '../../src/weights/formats/tflite/read.js';
import { type ImportedModel, joinModels } from '../../src/weights/graph/imported-model.js';
import { runReference } from '../reference-network.js';
import { sharedPath } from '../shared.js';
import { dequantise, drawSynthetic, findTop, readFileGoldens, type Top } from './tflite-models.js';

const folder = sharedPath('weights');
const goldens = readFileGoldens();

function read(files: readonly string[]): ImportedModel {
  return files.map((file) => readTflite(readFileSync(`${folder}/${file}`), file)).reduce(joinModels);
}

function resolveModel(model: ImportedModel) {
  return resolve(model.network, { resolution: model.inputResolution.height, padding: model.padding });
}

/** What each file is: network, α, side of the picture, classes. */
const facts: Record<string, [id: string | undefined, alpha: number | undefined, resolution: number, classes: number]> =
  {
    'coral_tflite/mobilenet_v1_0.25_128_quant.tflite': ['mobilenet_v1', 0.25, 128, 1001],
    'coral_tflite/mobilenet_v1_0.5_160_quant.tflite': ['mobilenet_v1', 0.5, 160, 1001],
    'coral_tflite/mobilenet_v1_0.75_192_quant.tflite': ['mobilenet_v1', 0.75, 192, 1001],
    'coral_tflite/mobilenet_v1_1.0_224 (extractor, head)': ['mobilenet_v1', 1, 224, 1001],
    'coral_tflite/mobilenet_v2_1.0_224_inat_bird_quant.tflite': ['mobilenet_v2', 1, 224, 965],
    'coral_tflite/mobilenet_v2_1.0_224_quant.tflite': ['mobilenet_v2', 1, 224, 1001],
    'coral_tflite/tf2_mobilenet_v2_1.0_224_ptq.tflite': ['mobilenet_v2', 1, 224, 1001],
    'hosted_tflite/mobilenet_v1_0_25_224_quant.tflite': ['mobilenet_v1', 0.25, 224, 1001],
    'hosted_tflite/mobilenet_v1_0_5_128_quant.tflite': ['mobilenet_v1', 0.5, 128, 1001],
    'hosted_tflite/mobilenet_v1_0_75_224_quant.tflite': ['mobilenet_v1', 0.75, 224, 1001],
    'hosted_tflite/mobilenet_v2_0_5_96_quant.tflite': ['mobilenet_v2', 0.5, 96, 1001],
    'hosted_tflite/mobilenet_v2_0_75_160_quant.tflite': ['mobilenet_v2', 0.75, 160, 1001],
    'hosted_tflite/mobilenet_v2_1_0_160_quant.tflite': ['mobilenet_v2', 1, 160, 1001],
    'hosted_tflite/mobilenet_v3_large_minimalistic_1_0_224_quant.tflite': [undefined, undefined, 224, 1001],
  };

/** Files with few multiply-adds, for the slow reference; the engine takes them all. */
const small = Object.keys(facts).filter((name) => /v1_0.25|_128_|_96_|_160_/.test(name));

/** Files of which outputs/classic_top5.json has the first places, by the names there. */
const simulated = {
  'hosted_tflite/mobilenet_v1_0_25_224_quant.tflite': 'mobilenet_v1_0.25_224_quant',
  'coral_tflite/mobilenet_v2_1.0_224_quant.tflite': 'mobilenet_v2_1.0_224_quant',
};

/** One step of the interpreter's output, which makes places that are closer than that equal. */
const STEP = 1 / 256;

/** Largest difference between the probabilities of the interpreter's first five and ours. */
function compare(output: Float32Array, expected: Top): { first: boolean; difference: number } {
  const probabilities = new Map(expected);
  const best = expected[0]![1];
  const first = (probabilities.get(findTop(output)) ?? 0) >= best - STEP;
  return { first, difference: Math.max(...expected.map(([index, value]) => Math.abs(output[index]! - value))) };
}

describe.skipIf(folder === undefined)('TFLite files of the reference data', () => {
  it.each(Object.entries(facts))('%s: is what its name says', (name, [id, alpha, resolution, classes]) => {
    const model = read(goldens[name]!.files);
    expect(identify(model.network)).toEqual(id === undefined ? undefined : { id, alpha });
    expect(model.inputShape).toEqual({ height: resolution, width: resolution, channels: 3 });
    const shape = { height: 1, width: 1, channels: classes };
    expect(model.output).toEqual({ shape, classes, isProbability: true, head: 'exclusive' });
    expect(model).toMatchObject({ quantised: true, inputIsPicture: true });
    checkWeights(resolveModel(model), model.weights, name);
  });

  it('the two halves alone: an extractor that gives features, a head that takes them', () => {
    const [extractor, head] = goldens['coral_tflite/mobilenet_v1_1.0_224 (extractor, head)']!.files;
    const features = { height: 1, width: 1, channels: 1024 };
    expect(read([extractor!])).toMatchObject({
      inputIsPicture: true,
      output: { shape: features, isProbability: false },
    });
    expect(read([head!])).toMatchObject({ inputIsPicture: false, inputShape: features });
    expect(() => read([head!, extractor!])).toThrow('takes 224 × 224 × 3, expected 1 × 1 × 1001');
  });

  it('the file with an operator of its own is refused by name', () => {
    expect(() => read(['coral_tflite/invalid_models/model_invoking_error.tflite'])).toThrow(
      /^coral_tflite\/invalid_models\/model_invoking_error.tflite: operator custom "fake-op-double", expected one of /,
    );
  });

  // A float simulation of a graph that computes in integers: first places agree, probabilities nearly so.
  it.each(small)('%s: reference against the interpreter', (name) => {
    const { files, synthetic } = goldens[name]!;
    const model = read(files);
    const { height, width } = model.inputResolution;
    const picture = dequantise(model, drawSynthetic(height, width));
    const { first, difference } = compare(runReference(resolveModel(model), model.weights, picture), synthetic);
    expect(first).toBe(true);
    expect(difference).toBeLessThan(0.04);
  });

  it.each(Object.keys(facts))('%s: engine against the interpreter', async (name) => {
    const { files, synthetic, images } = goldens[name]!;
    const model = read(files);
    const { height, width } = model.inputResolution;
    const session = await createSession(resolveModel(model), model.weights, 0);
    session.input.set(dequantise(model, drawSynthetic(height, width)));
    const drawn = compare(session.run(), synthetic);
    expect(drawn.first).toBe(true);
    expect(drawn.difference).toBeLessThan(0.07);

    const results = [];
    for (const [key, expected] of Object.entries(images)) {
      const path = sharedPath(`images/classic/${key.replace('images_classic/', '')}`)!;
      await prepareImage(path, squash(model), session.input, loadPixelKernels());
      results.push(compare(session.run(), expected));
    }
    const agreeing = results.filter(({ first }) => first).length;
    expect(agreeing).toBeGreaterThanOrEqual(results.length - 1);
    // Version 3's maps reach from 0 to several hundred in 256 steps: clipping alone says less about it.
    const [usual, most] = name.includes('v3') ? [0.15, 0.25] : [0.05, 0.15];
    const differences = results.map(({ difference }) => difference);
    expect(differences.reduce((sum, difference) => sum + difference) / differences.length).toBeLessThan(usual);
    expect(Math.max(...differences)).toBeLessThan(most);
  });

  it.each(Object.entries(simulated))('%s: engine against another float simulation', async (name, key) => {
    const model = read([name]);
    const session = await createSession(resolveModel(model), model.weights, 0);
    const listed: Record<string, Record<string, [number, string, number][]>> = JSON.parse(
      readFileSync(sharedPath('outputs/classic_top5.json')!, 'utf8'),
    );
    const differences = [];
    for (const picture of Object.keys(listed).filter((path) => path.endsWith('.jpg'))) {
      await prepareImage(
        sharedPath(`images/classic/${picture.replace('images_classic/', '')}`)!,
        squash(model),
        session.input,
        loadPixelKernels(),
      );
      const output = session.run();
      const [index, , probability] = listed[picture]![key]![0]!;
      // The list counts without the background.
      expect(findTop(output), picture).toBe(index + 1);
      differences.push(Math.abs(output[index + 1]! - probability));
    }
    expect(differences).toHaveLength(9);
    // The list's simulation rounds every map to 8 bits, this one only clips: near a tie that is more than 0.03.
    expect(differences.filter((difference) => difference <= 0.03).length).toBeGreaterThanOrEqual(7);
    expect(Math.max(...differences)).toBeLessThan(0.1);
  });
});

/** How the pictures of the goldens were scaled, and the file's own input scale as mean and deviation. */
function squash({ inputQuantisation, inputResolution }: ImportedModel): Preprocessing {
  const { scale, zeroPoint } = inputQuantisation!;
  const mean = zeroPoint / 255;
  const std = 1 / (255 * scale);
  const resolution = inputResolution.height;
  return {
    crop: 'squash',
    resize: resolution,
    resolution,
    filter: 'pil-bilinear',
    mean: [mean, mean, mean],
    std: [std, std, std],
  };
}
