import { watchAllocations } from './allocations.js';

/** A process that works through cases, one after the other, and says after each how it ended. */
export interface Task {
  readonly index: number;
  readonly sample: number;
  readonly seed: number;
}

export type Report =
  | { readonly kind: 'ready'; readonly slow: readonly boolean[]; readonly names: readonly string[] }
  | { readonly kind: 'done'; readonly index: number; readonly outcome: string; readonly rss: number }
  | { readonly kind: 'failed'; readonly index: number; readonly problem: string };

watchAllocations();
// After the constructors have been replaced, so that all of the project sees the new ones.
const [{ attempt, damage }, { withSamples }] = await Promise.all([import('./attempt.js'), import('./samples.js')]);

const send = (report: Report): void => void process.send!(report);

await withSamples(async (samples) => {
  send({ kind: 'ready', slow: samples.map(({ isSlow }) => isSlow), names: samples.map(({ name }) => name) });
  await new Promise<void>((end) => {
    process.on('message', async (task: Task | 'end') => {
      if (task === 'end') return end();
      try {
        const sample = samples[task.sample]!;
        const outcome = await attempt(sample, damage(sample, task.seed));
        send({ kind: 'done', index: task.index, outcome, rss: process.memoryUsage.rss() });
      } catch (error) {
        send({ kind: 'failed', index: task.index, problem: String(error instanceof Error ? error.stack : error) });
      }
    });
  });
});
process.disconnect();
