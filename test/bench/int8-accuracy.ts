/**
 * npx tsx test/bench/int8-accuracy.ts FOLDER… [--model M] [--res PIXELS] [--all] [--calibrate FOLDER --count N] [--json]
 * Floats and integers side by side over the pictures of folders and of those below: how often the most probable class is the
 * same, how far the probability of any class moves, on average and at most, and on which picture; of pictures whose names
 * begin with their synset id both top-1. In each folder the 2nd, 4th, … by name are taken, which the calibration of the bundled
 * models (models/calibrate.ts) has not seen; with --all every one. With --calibrate the integers are first chosen anew by N
 * pictures, evenly spread over the 1st, 3rd, … of FOLDER, and these are left out.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chooseRangesAndWidths } from '../../src/engine/int8/choose-widths.js';
import { loadPixelKernels } from '../../src/engine/pixels.js';
import { createSession } from '../../src/engine/session.js';
import { ImageError } from '../../src/errors/errors.js';
import { prepareImage } from '../../src/images/prepare.js';
import { chooseModel } from '../../src/models/choose.js';
import { levelsOfPicture, withPicture } from '../../src/models/integers.js';

/** A change of a probability that is much for integers. */
const MUCH = 0.12;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string' },
    res: { type: 'string' },
    all: { type: 'boolean', default: false },
    calibrate: { type: 'string' },
    count: { type: 'string', default: '48' },
    json: { type: 'boolean' },
  },
});
if (positionals.length === 0) throw new Error('expected a folder of pictures');

const model = await chooseModel({
  dtype: 'int8',
  ...(values.model !== undefined && { model: values.model }),
  ...(values.res !== undefined && { resolution: Number(values.res) }),
});
const { network, preprocessing, epsilon } = model;
const weights = model.readWeights();
const calibrated = values.calibrate === undefined ? undefined : await calibrate(values.calibrate, Number(values.count));
const levels = calibrated ? withPicture(calibrated.levels, network, preprocessing) : model.readLevels!;
const floats = await createSession(network, weights, epsilon);
const integers = await createSession(network, weights, epsilon, { levels });
const ids = model.readLabels().map(({ id }) => id);

const pictures = positionals
  .flatMap((folder) => list(folder, (index) => values.all || index % 2 === 1))
  .filter((file) => !calibrated?.files.includes(file));
const count = { pictures: 0, known: 0, f32: 0, int8: 0, agree: 0, much: 0 };
let sum = 0;
let worst = { difference: 0, file: '' };
for (const file of pictures) {
  if (!(await prepare(file, floats.input))) continue;
  integers.input.set(floats.input);
  const [p, q] = [floats.run(), integers.run()];
  const [first, second] = [p, q].map((output) => output.indexOf(Math.max(...output))) as [number, number];
  const truth = ids.indexOf(/(?:^|\/)(n\d{8})[^/]*$/.exec(file)?.[1] ?? '');
  count.pictures++;
  if (truth >= 0) count.known++;
  if (first === truth) count.f32++;
  if (second === truth) count.int8++;
  if (first === second) count.agree++;
  const difference = p.reduce((most, value, index) => Math.max(most, Math.abs(value - q[index]!)), 0);
  sum += difference;
  if (difference > MUCH) count.much++;
  if (difference > worst.difference) worst = { difference, file };
}
const result = {
  network: model.facts.network,
  resolution: model.facts.resolution,
  n: count.pictures,
  ...(calibrated && { calibrated: calibrated.files.length, heldOut: calibrated.heldOut }),
  ...(count.known > 0 && { top1: { f32: count.f32 / count.known, int8: count.int8 / count.known } }),
  agree: count.agree / count.pictures,
  probability: { meanChange: sum / count.pictures, largestChange: worst.difference, above: { [MUCH]: count.much } },
  worst: worst.file,
};
console.log(values.json ? JSON.stringify(result) : result);

/** Files of a folder, then those of its folders, by name. */
function list(folder: string, takes: (index: number) => boolean): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  const files = entries.filter((entry) => !entry.isDirectory() && !/\.(csv|json|md|tsv|txt)$/.test(entry.name));
  const folders = entries.filter((entry) => entry.isDirectory());
  return [
    ...files.filter((_, index) => takes(index)).map(({ name }) => join(folder, name)),
    ...folders.flatMap(({ name }) => list(join(folder, name), takes)),
  ];
}

/** False for a file that is no picture. */
async function prepare(file: string, into: Float32Array): Promise<boolean> {
  try {
    await prepareImage(file, preprocessing, into, loadPixelKernels());
    return true;
  } catch (error) {
    if (error instanceof ImageError) return false;
    throw error;
  }
}

async function calibrate(folder: string, most: number) {
  const all = list(folder, (index) => index % 2 === 0);
  const taken = Math.min(most, all.length);
  const files = Array.from({ length: taken }, (_, index) => all[Math.floor((index * all.length) / taken)]!);
  const picture = levelsOfPicture(network, preprocessing);
  const take = (index: number, into: Float32Array) => prepare(files[index]!, into);
  const { levels, heldOut } = await chooseRangesAndWidths({ network, weights, epsilon }, taken, take, { picture });
  return { levels, heldOut, files };
}
