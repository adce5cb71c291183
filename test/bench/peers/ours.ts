/**
 * node ours.mjs FOLDER NETWORK_JSON RUNS f32|int8|exact: this project's engine on seeded weights, or on a file's. Bundled
 * by peers.ts.
 * int8 on seeded weights: ranges are those of the picture that is run; 12 bits, narrow copies and sums scaled in words where the bundled
 * levels for this network have them; 8 bits and words where there are none. int8 on a file: the file's own ranges. exact: TFLite's integers.
 */
import { readFileSync } from 'node:fs';
import { createExactSession } from '../../../src/engine/exact/session.js';
import { createRangeChooser } from '../../../src/engine/int8/choose-ranges.js';
import { copyOf } from '../../../src/engine/int8/copies.js';
import type { IntegerLimits, Levels } from '../../../src/engine/int8/levels.js';
import { groupLevels } from '../../../src/engine/int8/levels-file.js';
import { type Observed, observe } from '../../../src/engine/int8/observe.js';
import { loadKernels } from '../../../src/engine/kernels.js';
import { createSession } from '../../../src/engine/session.js';
import { type BundledModel, listBundledModels, loadLevels } from '../../../src/models/bundled.js';
import { chooseModel } from '../../../src/models/choose.js';
import { inIntegers, withPicture } from '../../../src/models/integers.js';
import type { ResolvedNetwork } from '../../../src/networks/types.js';
import { seededWeights } from '../../../src/use-cases/seeded-weights.js';
import type { NetworkWeights } from '../../../src/weights/types.js';
import { EPSILON, type NetworkFile, type OwnFile, resolvePeerNetwork } from './network-file.js';
// @ts-expect-error: shared with the programs that run without a compiler
import { pictureByte, pictureValue, time } from './timing.mjs';

const [, , , file, runs, dtype] = process.argv as string[];
const description = JSON.parse(readFileSync(file!, 'utf8')) as NetworkFile | OwnFile;
let valueAt: (index: number) => number = pictureValue;
const session = 'path' in description ? await openFile(description) : await openSeeded(description);
const picture = pictureOf(session.input.length);
let output = new Float32Array();
const times = await time(() => {
  session.input.set(picture);
  output = session.run() as typeof output;
}, Number(runs));
console.log(JSON.stringify({ ...times, output: [...output] }));

async function openFile({ path, output: stored }: OwnFile) {
  const model = await chooseModel({ weights: [path], ...(dtype === 'exact' && { exact: true }) });
  // Peers are given the picture in bytes where a file takes those: here are the numbers that they stand for.
  if (stored) {
    const { mean, std } = model.preprocessing;
    valueAt = (index) => (pictureByte(index) / 255 - mean[index % mean.length]!) / std[index % std.length]!;
  }
  if (model.exact) return createExactSession(model.exact);
  const levels = dtype === 'int8' ? inIntegers(model).readLevels : undefined;
  return createSession(model.network, model.readWeights(), model.epsilon, levels ? { levels } : {});
}

async function openSeeded({ model, alpha, resolution }: NetworkFile) {
  const network = resolvePeerNetwork(model, alpha, resolution);
  const weights = seededWeights(network);
  return createSession(
    network,
    weights,
    EPSILON,
    dtype === 'int8' ? { levels: await calibrate(network, weights) } : {},
  );
}

function pictureOf(length: number): Float32Array {
  return Float32Array.from({ length }, (_, index) => valueAt(index));
}

async function calibrate(network: ResolvedNetwork, weights: NetworkWeights): Promise<Levels> {
  const floats = await createSession(network, weights, EPSILON);
  floats.input.set(pictureOf(floats.input.length));
  const observed = new Map<string, Observed>();
  const { constants } = await loadKernels();
  observe(floats, network, constants, observed);
  const { wide, copied, inFloats } = bundledWidths(network, constants);
  const choose = createRangeChooser({ network, weights, epsilon: EPSILON }, constants, observed);
  const chosen = choose(wide, new Map(), copied);
  const scaled = [...chosen.values].map(([name, level]) => [name, { ...level, inWords: !inFloats.has(name) }] as const);
  const levels = { ...chosen, values: new Map(scaled) };
  return withPicture(levels, network, { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });
}

interface Widths {
  readonly wide: ReadonlySet<string>;
  /** Wide maps with a narrow copy. */
  readonly copied: ReadonlySet<string>;
  /** Maps whose sums are scaled in floats. */
  readonly inFloats: ReadonlySet<string>;
}

function bundledWidths({ id, alpha, resolution }: ResolvedNetwork, limits: IntegerLimits): Widths {
  const isSame = ({ card }: BundledModel) =>
    card.network === id && card.alpha === alpha && card.resolution === resolution;
  const bundled = listBundledModels().find(isSame);
  if (!bundled?.card.levels) return { wide: new Set(), copied: new Set(), inFloats: new Set() };
  const { values } = groupLevels(loadLevels(bundled, bundled.card.levels), bundled.card.name, limits);
  const wide = new Set([...values].filter(([, { wide }]) => wide).map(([name]) => name));
  const inFloats = new Set([...values].filter(([, { inWords }]) => !inWords).map(([name]) => name));
  return { wide, copied: new Set([...wide].filter((name) => values.has(copyOf(name)))), inFloats };
}
