import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { mobilenet } from '../cli/run.js';
import { sharedPath } from '../shared.js';

/** scikit-learn's LogisticRegression on the same features: test/golden/learning/accuracy.py. */
const golden = JSON.parse(readFileSync(new URL('../golden/learning/accuracy.json', import.meta.url), 'utf8'));
const samples = sharedPath('images/imagenet_samples');
/** Half a point. */
const TOLERANCE = 0.005;
const MINUTES = 60_000;

describe.skipIf(!samples)('learned from flowers, and from ants and bees', () => {
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'mobilenet-'));
    vi.stubEnv('MOBILENET_HOME', home);
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(home, { recursive: true });
  });
  const learn = (set: string, ...args: string[]) => {
    const [train, val] = ['train', 'val'].map((part) => sharedPath(`images/${set}/${part}`)!) as [string, string];
    const { stdout } = mobilenet('learn', train, '--test', val, '--as', set, '--replace', '--json', ...args);
    return JSON.parse(stdout);
  };
  const unknown = (folder: string) => {
    const { stdout } = mobilenet('classify', '--model', 'flowers', '--format', 'csv', '-k', '1', folder);
    const ranks = stdout
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(',')[1]);
    return ranks.filter((rank) => rank === '0').length / ranks.length;
  };

  it.each([
    ['flowers', 0.88],
    ['ants_bees', 0.945],
  ])(
    '%s: as accurate as scikit-learn',
    (set, least) => {
      const { accuracy, calibration } = learn(set);
      expect(accuracy.value).toBeGreaterThanOrEqual(least);
      expect(Math.abs(accuracy.value - golden[set].accuracy)).toBeLessThanOrEqual(TOLERANCE);
      expect(calibration.ece).toBeLessThanOrEqual(0.04);
    },
    5 * MINUTES,
  );

  it(
    'images of other things are unknown, flowers are not',
    () => {
      expect(unknown(sharedPath('images/flowers/val')!)).toBeLessThanOrEqual(0.07);
      expect(unknown(samples!)).toBeGreaterThanOrEqual(0.9);
    },
    5 * MINUTES,
  );

  it(
    'the best bundled network',
    () => {
      expect(learn('flowers', '--model', 'efficientnet_b0').accuracy.value).toBeGreaterThanOrEqual(0.905);
    },
    5 * MINUTES,
  );
});
