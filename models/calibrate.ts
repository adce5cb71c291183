/**
 * npx tsx models/calibrate.ts FOLDER [--model M] [--budget NATS]
 * Chooses how the bundled models are stored in integers (src/engine/int8/choose-widths.ts), writes NAME.levels.safetensors beside their
 * weights, and its length and checksums into the card. FOLDER holds pictures whose names begin with their synset id; of the
 * list sorted by name the 1st, 3rd, 5th … are used. What is kept is numbers for each channel, nothing of the pictures.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chooseRangesAndWidths } from '../src/engine/int8/choose-widths.js';
import { nameLevels } from '../src/engine/int8/levels-file.js';
import { loadPixelKernels } from '../src/engine/pixels.js';
import { prepareImage } from '../src/images/prepare.js';
import { type BundledModel, listBundledModels, loadWeights } from '../src/models/bundled.js';
import { checksums } from '../src/models/checksums.js';
import { levelsOfPicture } from '../src/models/integers.js';
import { buildNetwork } from '../src/networks/index.js';
import { resolve } from '../src/networks/resolve.js';
import { writeSafetensors } from '../src/weights/formats/safetensors/safetensors.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { model: { type: 'string' }, budget: { type: 'string' } },
});
const [folder] = positionals;
if (folder === undefined) throw new Error('expected a folder of pictures');
const budget = options.budget === undefined ? {} : { budget: Number(options.budget) };

const pictures = readdirSync(folder)
  .filter((name) => /^n\d{8}/.test(name))
  .sort()
  .filter((_, index) => index % 2 === 0)
  .map((name) => join(folder, name));

for (const model of listBundledModels()) {
  if (options.model === undefined || options.model === model.card.network) await writeLevels(model);
}

async function writeLevels(model: BundledModel): Promise<void> {
  const { card } = model;
  const network = resolve(buildNetwork(card.network, { alpha: card.alpha, classes: card.classes }), card);
  const prepare = (index: number, into: Float32Array) =>
    prepareImage(pictures[index]!, card.preprocessing, into, loadPixelKernels()).then(() => true);
  const found = await chooseRangesAndWidths(
    { network, weights: loadWeights(model), epsilon: card.epsilon },
    pictures.length,
    prepare,
    { ...budget, picture: levelsOfPicture(network, card.preprocessing) },
  );
  const bytes = writeSafetensors(nameLevels(found.levels), { network: card.network });
  const file = `${card.name}.levels.safetensors`;
  writeFileSync(join(model.folder, file), bytes);
  const cardPath = join(model.folder, `${card.name}.json`);
  const changed = { ...JSON.parse(readFileSync(cardPath, 'utf8')), levels: { file, ...checksums(bytes) } };
  writeFileSync(cardPath, `${JSON.stringify(changed, null, 2)}\n`);
  console.log(
    `${card.name}: ${found.wide.size} of ${found.maps} maps wide (${[...found.wide].join(' ')}), with narrow copies ${[...found.copied].join(' ') || 'of none'}, divergence ${found.divergence.toFixed(5)}, all wide ${found.divergenceWide.toFixed(5)}, same top class on ${found.heldOut.sameTop} of ${found.heldOut.pictures} held-out pictures, largest change of a probability ${found.heldOut.largestChange.toFixed(3)}, ${bytes.length} bytes`,
  );
}
