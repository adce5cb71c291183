import { describe, expect, it } from 'vitest';
import { attempt, damage } from './attempt.js';
import { withSamples } from './samples.js';

/** A slice of `npm run fuzz`, without the formats that take a process each. */
describe('damaged model files', () => {
  it('are refused with a typed error, or load and run', async () => {
    await withSamples(async (samples) => {
      const counts = { refused: 0, loaded: 0, run: 0 };
      const fast = samples.filter(({ isSlow }) => !isSlow);
      for (let index = 0; index < 3000; index++) {
        const sample = fast[index % fast.length]!;
        const outcome = await attempt(sample, damage(sample, index)).catch((cause: unknown) => {
          throw new Error(`case ${index}, ${sample.name}`, { cause });
        });
        counts[outcome]++;
      }
      // The damage is real, and not all of it fatal.
      expect(counts.refused).toBeGreaterThan(500);
      expect(counts.run).toBeGreaterThan(100);
      expect(counts.loaded).toBeGreaterThan(30);
    });
  }, 60_000);

  it('the samples themselves are good', async () => {
    await withSamples(async (samples) => {
      for (const sample of samples.filter(({ isSlow }) => !isSlow)) {
        expect(await attempt(sample, sample.bytes), sample.name).not.toBe('refused');
      }
    });
  });
});
