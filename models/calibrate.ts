/**
 * npx tsx models/calibrate.ts FOLDER [--model M] [--budget NATS]
 * Chooses how the box's models are stored in integers and writes NAME.levels.safetensors beside their weights. FOLDER
 * holds pictures whose names begin with their synset id; of the list sorted by name the 1st, 3rd, 5th … are used. What is
 * kept is numbers for each channel, nothing of the pictures.
 *
 * All maps start wide (12 bits). Then each is made narrow (7 bits) by itself, which shows what that does to the
 * probabilities; those that do the least for the multiplications they make cheap become narrow for good, as long as the sum
 * stays within the budget.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fuse } from '../src/engine/fuse.js';
import { chooseLevels, type Observed, observe } from '../src/engine/int8/calibrate.js';
import type { Levels } from '../src/engine/int8/levels.js';
import { nameLevels } from '../src/engine/int8/stored.js';
import { createSession } from '../src/engine/session.js';
import { prepareImage } from '../src/images/prepare.js';
import { buildNetwork } from '../src/networks/index.js';
import { resolve } from '../src/networks/resolve.js';
import type { ResolvedNetwork } from '../src/networks/types.js';
import { loadPixelKernels } from '../src/pixels.js';
import { levelsPath, listModels, loadWeights, type StoredModel } from '../src/weights/box.js';
import { writeSafetensors } from '../src/weights/safetensors.js';

/** Pictures on which the effect of one narrow map is measured; ranges are observed on the others till then, so that what lies beyond them counts. */
const TRIAL_PICTURES = 24;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { model: { type: 'string' }, budget: { type: 'string' } },
});
const [folder] = positionals;
if (folder === undefined) throw new Error('expected a folder of pictures');
const budget = Number(options.budget ?? 0.001);

const pictures = readdirSync(folder)
  .filter((name) => /^n\d{8}/.test(name))
  .sort()
  .filter((_, index) => index % 2 === 0)
  .map((name) => join(folder, name));

for (const model of listModels()) {
  if (options.model === undefined || options.model === model.card.network) await calibrate(model);
}

async function calibrate(model: StoredModel): Promise<void> {
  const { card } = model;
  const network = resolve(buildNetwork(card.network, { alpha: card.alpha, classes: card.classes }), card);
  const weights = loadWeights(model);
  const floats = await createSession(network, weights, card.epsilon);
  const observed = new Map<string, Observed>();
  const inputs: Float32Array[] = [];
  const outputs: Float32Array[] = [];
  const every = Math.floor(pictures.length / TRIAL_PICTURES);
  for (const [index, picture] of pictures.entries()) {
    await prepareImage(picture, card.preprocessing, floats.input, loadPixelKernels());
    if (index % every !== 0) {
      observe(floats, network, observed);
      continue;
    }
    const input = floats.input.slice();
    inputs.push(input);
    floats.input.set(input);
    outputs.push(floats.run());
  }

  const choose = (wide: ReadonlySet<string>): Levels => chooseLevels(network, weights, card.epsilon, observed, wide);
  const divergence = async (wide: ReadonlySet<string>): Promise<number> => {
    const session = await createSession(network, weights, card.epsilon, { levels: choose(wide) });
    let sum = 0;
    inputs.forEach((input, index) => {
      session.input.set(input);
      sum += diverge(outputs[index]!, session.run());
    });
    return sum / inputs.length;
  };

  const all = new Set(choose(new Set()).values.keys());
  const least = await divergence(all);
  const work = workOfReaders(network);
  const trials: { name: string; harm: number; share: number }[] = [];
  for (const name of all) {
    const harm = Math.max(0, (await divergence(new Set([...all].filter((each) => each !== name)))) - least);
    trials.push({ name, harm, share: harm / (work.get(name) ?? 1) });
  }
  const wide = new Set(all);
  let spent = 0;
  for (const { name, harm } of trials.toSorted((a, b) => a.share - b.share)) {
    if (spent + harm > budget) continue;
    spent += harm;
    wide.delete(name);
  }
  const total = await divergence(wide);
  for (const input of inputs) {
    floats.input.set(input);
    observe(floats, network, observed);
  }
  const levels = choose(wide);
  const bytes = writeSafetensors(nameLevels(levels), { network: card.network });
  writeFileSync(levelsPath(model), bytes);
  console.log(
    `${card.name}: ${wide.size} of ${all.size} maps wide (${[...wide].join(' ')}), divergence ${total.toFixed(5)}, all wide ${least.toFixed(5)}, ${bytes.length} bytes`,
  );
}

/** Σ p · (ln p − ln q)²: how far q is from p where p is probable. */
function diverge(p: Float32Array, q: Float32Array): number {
  return p.reduce((sum, value, i) => {
    const difference = Math.log(Math.max(value, 1e-9)) - Math.log(Math.max(q[i]!, 1e-9));
    return sum + value * difference * difference;
  }, 0);
}

/** Multiplications of the operations that read a value. */
function workOfReaders(network: ResolvedNetwork): Map<string, number> {
  const work = new Map<string, number>();
  for (const { layer, inputs } of fuse(network.layers)) {
    const { height, width, channels } = layer.outputShape;
    const perOutput = layer.kind === 'depthwise' ? layer.kernelSize ** 2 : layer.inputShapes[0]!.channels;
    work.set(inputs[0]!, (work.get(inputs[0]!) ?? 0) + height * width * channels * perOutput);
  }
  return work;
}
