import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createSession } from '../../src/engine/session.js';
import { resolve } from '../../src/networks/resolve.js';
import { checkWeights } from '../../src/weights/check.js';
import { readTflite } from '../../src/weights/formats/tflite/read.js';
import type { ImportedModel } from '../../src/weights/graph/imported-model.js';

const golden = new URL('../golden/', import.meta.url);

/** What LiteRT's interpreter gives (golden/tflite_operators.py). */
const expected: Readonly<
  Record<
    string,
    { readonly input: readonly number[]; readonly output: readonly number[]; readonly operators: string[] }
  >
> = JSON.parse(readFileSync(new URL('tflite-operators.json', golden), 'utf8'));

function read(name: string): ImportedModel {
  return readTflite(readFileSync(new URL(`tflite-operators/${name}.tflite`, golden)), `${name}.tflite`);
}

/** Real values through what was taken out of the graph, and through the engine. */
async function run(model: ImportedModel, input: readonly number[]): Promise<Float32Array> {
  const network = resolve(model.network, { resolution: model.inputResolution.height, padding: model.padding });
  checkWeights(network, model.weights, model.where);
  const { scale, offset } = model.inputAffine ?? { scale: [1, 1, 1], offset: [0, 0, 0] };
  const session = await createSession(network, model.weights, 0);
  session.input.set(input.map((value, i) => value * scale[i % 3]! + offset[i % 3]!));
  return session.run();
}

describe("TFLite's operators", () => {
  it.each(Object.keys(expected))('%s: as the interpreter', async (name) => {
    const { input, output } = expected[name]!;
    const model = read(name);
    const found = [...(await run(model, input))];
    const { added } = model.output;
    const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));
    const wanted =
      added === 'sigmoid'
        ? output.map(sigmoid)
        : name === 'log-softmax'
          ? output.map((value) => Math.exp(value))
          : output;
    expect(found).toHaveLength(wanted.length);
    for (const [index, value] of wanted.entries()) expect(found[index], `class ${index}`).toBeCloseTo(value, 5);
    // The file tells one class from another.
    if (wanted.length > 1) expect(Math.max(...wanted) - Math.min(...wanted)).toBeGreaterThan(0.01);
  });

  it('say what their outputs are', () => {
    expect(read('several-sigmoids').output).toMatchObject({ head: 'independent', classes: 3 });
    expect(read('one-logit').output).toMatchObject({ head: 'independent', classes: 1, added: 'sigmoid' });
    expect(read('log-softmax').output).toMatchObject({ head: 'exclusive', classes: 4 });
    expect(read('log-softmax').output.added).toBeUndefined();
  });

  it('leave nothing between that could be joined', () => {
    const kinds = (name: string) => read(name).network.layers.map(({ kind }) => kind);
    expect(kinds('front-sub-mul')).toEqual(['conv', 'globalAveragePool', 'dense', 'softmax']);
    expect(kinds('hard-swish')).toEqual(['conv', 'globalAveragePool', 'dense', 'softmax']);
    expect(kinds('pixels-in-a-row')).toEqual(['conv', 'globalAveragePool', 'dense', 'softmax']);
    expect(kinds('pad-pool')).toContain('pad');
  });
});
