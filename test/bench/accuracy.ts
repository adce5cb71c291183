/**
 * npm run accuracy -- FOLDER [--model M] [--alpha A] [--res PIXELS] [--dtype f32|int8] [--odd] [--json]
 * Top-1 and top-5 over a folder of pictures whose names begin with their synset id (n01440764_tench.JPEG); with --odd only
 * the 2nd, 4th, … of the list by name: those that the calibration of int8 has not seen.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { load } from '../../src/use-cases/classifier.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string' },
    alpha: { type: 'string' },
    res: { type: 'string' },
    weights: { type: 'string', multiple: true },
    crop: { type: 'string' },
    resize: { type: 'string' },
    dtype: { type: 'string' },
    odd: { type: 'boolean' },
    json: { type: 'boolean' },
  },
});
const [folder] = positionals;
if (folder === undefined) throw new Error('expected a folder: npm run accuracy -- FOLDER [--model M] [--json]');

const pictures = readdirSync(folder)
  .filter((name) => /^n\d{8}/.test(name))
  .sort()
  .filter((_, index) => !values.odd || index % 2 === 1);
if (pictures.length === 0) throw new Error(`${folder}: no picture whose name begins with a synset id`);

const classifier = await load({
  ...(values.model !== undefined && { model: values.model }),
  ...(values.alpha !== undefined && { alpha: Number(values.alpha) }),
  ...(values.res !== undefined && { resolution: Number(values.res) }),
  ...(values.weights !== undefined && { weights: values.weights }),
  ...(values.crop !== undefined && { crop: values.crop as 'center' | 'squash' }),
  ...(values.dtype !== undefined && { dtype: values.dtype as 'f32' | 'int8' }),
  ...(values.resize !== undefined && { filter: values.resize as 'pil-bilinear' }),
});

let top1 = 0;
let top5 = 0;
for (const name of pictures) {
  const { predictions } = await classifier.classify(join(folder, name), { top: 5 });
  const rank = predictions.findIndex(({ id }) => id === name.slice(0, 9));
  if (rank === 0) top1++;
  if (rank >= 0) top5++;
}

const { model } = classifier;
const result = { ...model, n: pictures.length, top1: top1 / pictures.length, top5: top5 / pictures.length };
if (values.json) console.log(JSON.stringify(result));
else {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  console.log(`${result.n} pictures: top-1 ${percent(result.top1)}, top-5 ${percent(result.top5)}`);
}
