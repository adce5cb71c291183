/**
 * Class activation maps of the pictures in a folder with every bundled network: mean of the cells + bias against the logit,
 * and how far the strongest cell is above the average.
 *
 *     npx tsx test/bench/explain.ts FOLDER [f32|int8] [MODEL…]
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { MOST_PIXELS } from '../../src/domain/defaults.js';
import { listBundledModels } from '../../src/models/bundled.js';
import { explain } from '../../src/use-cases/explain.js';

const [folder = 'test/photos', dtype = 'f32', ...models] = process.argv.slice(2);
const names = readdirSync(folder)
  .filter((name) => /\.(jpe?g|png)$/i.test(name))
  .map((name) => join(folder, name));

for (const { card } of listBundledModels()) {
  if (models.length > 0 && !models.includes(card.network)) continue;
  const differences: number[] = [];
  const peaks: number[] = [];
  for (const name of names) {
    const choice = { model: card.name, dtype: dtype as 'f32' | 'int8' };
    const request = { name, choice, maxPixels: MOST_PIXELS, lenient: false };
    const { explanation } = await explain(request, { onNote: () => {} });
    const { identity, evidence, grid } = explanation;
    differences.push(Math.abs(identity.difference!));
    peaks.push(Math.max(...grid.flat()) / evidence.average);
  }
  const largest = Math.max(...differences).toExponential(1);
  process.stdout.write(`${card.name} ${dtype}: ${names.length} images, |mean + bias - logit| at most ${largest}; `);
  process.stdout.write(`strongest cell ÷ average: ${quantiles(peaks)}\n`);
}

function quantiles(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!.toFixed(2);
  return `median ${at(0.5)}, 95 % below ${at(0.95)}, largest ${at(1)}`;
}
