/** node ours.mjs FOLDER NETWORK_JSON RUNS: this project's engine on seeded weights. Bundled by peers.ts. */
import { readFileSync } from 'node:fs';
import { createSession } from '../../../src/engine/session.js';
import { seededWeights } from '../../../src/weights/seeded.js';
import { EPSILON, type NetworkFile, resolvePeerNetwork } from './network-file.js';
// @ts-expect-error: shared with the programs that run without a compiler
import { pictureValue, time } from './timing.mjs';

const [, , , file, runs] = process.argv as string[];
const { model, alpha, resolution } = JSON.parse(readFileSync(file!, 'utf8')) as NetworkFile;
const network = resolvePeerNetwork(model, alpha, resolution);
const session = await createSession(network, seededWeights(network), EPSILON);
const picture = Float32Array.from(session.input, (_, index) => pictureValue(index));
let output = new Float32Array();
const times = await time(() => {
  session.input.set(picture);
  output = session.run() as typeof output;
}, Number(runs));
console.log(JSON.stringify({ ...times, output: [...output] }));
