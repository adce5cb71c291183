/**
 * node ours.mjs FOLDER NETWORK_JSON RUNS f32|int8: this project's engine on seeded weights, or on a file's. Bundled by
 * peers.ts.
 * int8: ranges are those of the picture that is run; 12 bits where the box's levels for this network have them (if there
 * are any), else 7 for every value.
 */
import { readFileSync } from 'node:fs';
import { chooseRanges, type Observed, observe } from '../../../src/engine/int8/choose-ranges.js';
import type { IntegerLimits, Levels } from '../../../src/engine/int8/levels.js';
import { groupLevels } from '../../../src/engine/int8/levels-file.js';
import { loadKernels } from '../../../src/engine/kernels.js';
import { createSession } from '../../../src/engine/session.js';
import { type BundledModel, listBundledModels, loadLevels } from '../../../src/models/bundled.js';
import { chooseModel } from '../../../src/models/choose.js';
import { withPicture } from '../../../src/models/integers.js';
import { seededWeights } from '../../../src/use-cases/seeded-weights.js';
import { EPSILON, type NetworkFile, type OwnFile, resolvePeerNetwork } from './network-file.js';
// @ts-expect-error: shared with the programs that run without a compiler
import { pictureValue, time } from './timing.mjs';

const [, , , file, runs, dtype] = process.argv as string[];
const description = JSON.parse(readFileSync(file!, 'utf8')) as NetworkFile | OwnFile;
const { network, weights, epsilon } = await open(description);
const { height, width, channels } = network.inputShape;
const picture = Float32Array.from({ length: height * width * channels }, (_, index) => pictureValue(index));
const session = await createSession(network, weights, epsilon, dtype === 'int8' ? { levels: await calibrate() } : {});
let output = new Float32Array();
const times = await time(() => {
  session.input.set(picture);
  output = session.run() as typeof output;
}, Number(runs));
console.log(JSON.stringify({ ...times, output: [...output] }));

async function open(from: NetworkFile | OwnFile) {
  if ('path' in from) {
    const found = await chooseModel({ weights: [from.path] });
    return { network: found.network, weights: found.readWeights(), epsilon: found.epsilon };
  }
  const seeded = resolvePeerNetwork(from.model, from.alpha, from.resolution);
  return { network: seeded, weights: seededWeights(seeded), epsilon: EPSILON };
}

async function calibrate(): Promise<Levels> {
  const floats = await createSession(network, weights, epsilon);
  floats.input.set(picture);
  const observed = new Map<string, Observed>();
  const { constants } = await loadKernels();
  observe(floats, network, constants, observed);
  const levels = chooseRanges({ network, weights, epsilon: EPSILON }, constants, observed, wideMaps(constants));
  return withPicture(levels, network, { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });
}

function wideMaps(limits: IntegerLimits): ReadonlySet<string> {
  const { id, alpha, resolution } = network;
  const isSame = ({ card }: BundledModel) =>
    card.network === id && card.alpha === alpha && card.resolution === resolution;
  const bundled = listBundledModels().find(isSame);
  if (!bundled?.card.levels) return new Set();
  const { values } = groupLevels(loadLevels(bundled, bundled.card.levels), bundled.card.name, limits);
  return new Set([...values].filter(([, { wide }]) => wide).map(([name]) => name));
}
