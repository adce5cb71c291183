import { join } from 'node:path';
import { preparedLength } from '../../src/domain/preprocessing.js';
import { loadPixelKernels } from '../../src/engine/pixels.js';
import { createSession } from '../../src/engine/session.js';
import { chooseModel } from '../../src/models/choose.js';
import type { Model } from '../../src/models/model.js';
import { preparePicture } from '../../src/runners/prepare-picture.js';
import type { ReferenceNetwork } from './references.js';

export interface LogitsComparison {
  readonly classes: number;
  /** Who says which values the network takes. */
  readonly input: string;
  /** |ours − theirs| ÷ largest |theirs| of a picture, the largest of all pictures. */
  readonly difference: number;
  /** Pictures whose most probable class is the same. */
  readonly sameTop: number;
  readonly pictures: number;
}

/** Runs a file on the pictures as `classify --weights FILE --crop squash` does. */
export async function compareLogits(
  folder: string,
  file: string,
  network: ReferenceNetwork,
): Promise<LogitsComparison> {
  const { model, input } = await open(join(folder, file), network);
  const outputs = await run(
    model,
    network.pictures.map((picture) => join(folder, picture)),
  );
  const hasSoftmax = model.network.layers.at(-1)?.kind === 'softmax';
  const differences = outputs.map((output, index) => {
    const expected = network.logits[index]!;
    return relativeDifference(logitsOf(output, expected, hasSoftmax), expected);
  });
  return {
    classes: model.network.classes,
    input,
    difference: Math.max(...differences),
    sameTop: outputs.filter((output, index) => topOf(output) === topOf(network.logits[index]!)).length,
    pictures: outputs.length,
  };
}

/** The range is stated only where the file leaves it open, and the resolution where it does. */
async function open(path: string, { input, side }: ReferenceNetwork): Promise<{ model: Model; input: string }> {
  const choice = { weights: [path], crop: 'squash', resolution: side } as const;
  const silent = await chooseModel(choice);
  if (silent.preprocessing.assumed === undefined) {
    return { model: silent, input: 'known' };
  }
  return { model: await chooseModel({ ...choice, input }), input: `\`--input ${input}\`` };
}

async function run(model: Model, pictures: readonly string[]): Promise<Float32Array[]> {
  const { network, preprocessing, epsilon } = model;
  const session = await createSession(network, (allocate) => model.readWeights(allocate), epsilon);
  const kernels = loadPixelKernels();
  const prepared = new Float32Array(preparedLength(preprocessing));
  const outputs: Float32Array[] = [];
  for (const path of pictures) {
    await preparePicture({ file: path, path }, preprocessing, prepared, kernels);
    session.input.set(prepared);
    outputs.push(session.run());
  }
  session.close();
  return outputs;
}

/** Softmax forgets one constant for each picture: the reference's is taken. */
function logitsOf(probabilities: Float32Array, reference: readonly number[], hasSoftmax: boolean): number[] {
  if (!hasSoftmax) return Array.from(probabilities, (p) => Math.log(p) - Math.log1p(-p));
  const largest = Math.max(...reference);
  const constant = largest + Math.log(reference.reduce((sum, value) => sum + Math.exp(value - largest), 0));
  return Array.from(probabilities, (p) => Math.log(p) + constant);
}

function relativeDifference(values: readonly number[], reference: readonly number[]): number {
  if (values.length !== reference.length) return Number.POSITIVE_INFINITY;
  const differences = values.map((value, index) => Math.abs(value - reference[index]!));
  return Math.max(...differences) / Math.max(...reference.map(Math.abs));
}

function topOf(values: ArrayLike<number>): number {
  let top = 0;
  for (let index = 1; index < values.length; index++) if (values[index]! > values[top]!) top = index;
  return top;
}
