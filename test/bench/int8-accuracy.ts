/**
 * npx tsx test/bench/int8-accuracy.ts FOLDER [--model M] [--res PIXELS] [--all] [--json]
 * Floats and integers side by side over pictures whose names begin with their synset id: both top-1, how often they agree, and
 * the mean absolute difference of the probability of the class that floats find most probable. Of the list by name the 2nd,
 * 4th, … are taken, which the calibration (models/calibrate.ts) has not seen; with --all every one.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadPixelKernels } from '../../src/engine/pixels.js';
import { createSession } from '../../src/engine/session.js';
import { prepareImage } from '../../src/images/prepare.js';
import { chooseModel } from '../../src/models/choose.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { model: { type: 'string' }, res: { type: 'string' }, all: { type: 'boolean' }, json: { type: 'boolean' } },
});
const [folder] = positionals;
if (folder === undefined) throw new Error('expected a folder of pictures');

const pictures = readdirSync(folder)
  .filter((name) => /^n\d{8}/.test(name))
  .sort()
  .filter((_, index) => values.all || index % 2 === 1);

const model = await chooseModel({
  dtype: 'int8',
  ...(values.model !== undefined && { model: values.model }),
  ...(values.res !== undefined && { resolution: Number(values.res) }),
});
const weights = model.readWeights();
const floats = await createSession(model.network, weights, model.epsilon);
const integers = await createSession(model.network, weights, model.epsilon, { levels: model.readLevels! });
const ids = model.readLabels().map(({ id }) => id);

const count = { f32: 0, int8: 0, agree: 0 };
let difference = 0;
let largest = 0;
for (const name of pictures) {
  await prepareImage(join(folder, name), model.preprocessing, floats.input, loadPixelKernels());
  integers.input.set(floats.input);
  const [p, q] = [floats.run(), integers.run()];
  const [first, second] = [p, q].map((values) => values.indexOf(Math.max(...values))) as [number, number];
  const truth = ids.indexOf(name.slice(0, 9));
  if (first === truth) count.f32++;
  if (second === truth) count.int8++;
  if (first === second) count.agree++;
  const distance = Math.abs(p[first]! - q[first]!);
  difference += distance / pictures.length;
  largest = Math.max(largest, distance);
}
const n = pictures.length;
const result = {
  network: model.facts.network,
  resolution: model.facts.resolution,
  n,
  top1: { f32: count.f32 / n, int8: count.int8 / n },
  agree: count.agree / n,
  probability: { meanDifference: difference, largestDifference: largest },
};
console.log(values.json ? JSON.stringify(result) : result);
