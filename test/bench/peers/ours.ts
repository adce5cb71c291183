/**
 * node ours.mjs FOLDER NETWORK_JSON RUNS f32|int8: this project's engine on seeded weights. Bundled by peers.ts.
 * int8: 7 bits for every value, its range that of the picture that is run.
 */
import { readFileSync } from 'node:fs';
import { chooseLevels, type Observed, observe } from '../../../src/engine/int8/calibrate.js';
import type { Levels } from '../../../src/engine/int8/levels.js';
import { createSession } from '../../../src/engine/session.js';
import { seededWeights } from '../../../src/weights/seeded.js';
import { EPSILON, type NetworkFile, resolvePeerNetwork } from './network-file.js';
// @ts-expect-error: shared with the programs that run without a compiler
import { pictureValue, time } from './timing.mjs';

const [, , , file, runs, dtype] = process.argv as string[];
const { model, alpha, resolution } = JSON.parse(readFileSync(file!, 'utf8')) as NetworkFile;
const network = resolvePeerNetwork(model, alpha, resolution);
const weights = seededWeights(network);
const { height, width, channels } = network.inputShape;
const picture = Float32Array.from({ length: height * width * channels }, (_, index) => pictureValue(index));
const session = await createSession(network, weights, EPSILON, dtype === 'int8' ? { levels: await calibrate() } : {});
let output = new Float32Array();
const times = await time(() => {
  session.input.set(picture);
  output = session.run() as typeof output;
}, Number(runs));
console.log(JSON.stringify({ ...times, output: [...output] }));

async function calibrate(): Promise<Levels> {
  const floats = await createSession(network, weights, EPSILON);
  floats.input.set(picture);
  const observed = new Map<string, Observed>();
  observe(floats, network, observed);
  return chooseLevels(network, weights, EPSILON, observed);
}
