import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { preparedLength } from '../../src/domain/preprocessing.js';
import { loadPixelKernels } from '../../src/engine/pixels.js';
import { createSession, type Session } from '../../src/engine/session.js';
import { ImageError } from '../../src/errors/errors.js';
import { prepareImage, valuesOfBytes } from '../../src/images/prepare.js';
import { chooseModel } from '../../src/models/choose.js';
import { sharedPath } from '../shared.js';

const folder = sharedPath('images');
const golden = fileURLToPath(new URL('../golden/pictures/', import.meta.url));
const read = (name: string) => JSON.parse(readFileSync(`${golden}${name}`, 'utf8'));

/** By file: the start of the SHA-256 of torchvision's crop, and where it differs from ours the most probable class (shared.py). */
const verdicts: Readonly<Record<string, readonly [digest: string, top?: number]>> = read('shared.json');

/** Files whose pixels are not those of the reference, what becomes of them, and why. */
const differences: Readonly<Record<string, { readonly outcome: string; readonly reason: string }>> =
  read('shared-differences.json');

const { preprocessing, network, readWeights, epsilon } = await chooseModel({ model: 'mobilenet_v2' });
const kernels = await loadPixelKernels();
const values = valuesOfBytes(preprocessing)!;
let session: Session | undefined;

async function classOf(pixels: Uint8Array): Promise<number> {
  session ??= await createSession(network, (allocate) => readWeights(allocate), epsilon, {});
  for (let at = 0; at < pixels.length; at++) session.input[at] = values[(at % 3) * 256 + pixels[at]!]!;
  const probabilities = session.run();
  return probabilities.indexOf(Math.max(...probabilities));
}

/** 'same pixels' or 'same class' as the reference's, or what is different. */
async function compare(file: string, [digest, top]: readonly [string, number?]): Promise<string> {
  const pixels = new Uint8Array(preparedLength(preprocessing));
  try {
    await prepareImage(`${folder}/${file}`, preprocessing, pixels, kernels, { fullDecode: true });
  } catch (error) {
    if (error instanceof ImageError) return `refused: ${error.code}`;
    throw error;
  }
  if (createHash('sha256').update(pixels).digest('hex').startsWith(digest)) return 'same pixels';
  const found = await classOf(pixels);
  return found === top ? 'same class' : `class ${found}`;
}

describe.skipIf(folder === undefined)('../shared/reference/images', () => {
  it('every file that Pillow opens has the pixels of Pillow and torchvision, or is on the list with the reason', async () => {
    const outcomes: Record<string, string> = {};
    for (const [file, verdict] of Object.entries(verdicts)) {
      if (!existsSync(`${folder}/${file}`)) continue;
      const outcome = await compare(file, verdict);
      if (outcome !== 'same pixels') outcomes[file] = outcome;
    }
    const listed = Object.entries(differences).map(([file, { outcome }]) => [file, outcome]);
    expect(outcomes).toEqual(Object.fromEntries(listed));
    expect(Object.keys(verdicts).length).toBeGreaterThan(2400);
  }, 900_000);
});
