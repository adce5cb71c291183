import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const library = new URL('../../dist/code/index.js', import.meta.url).href;
const photo = fileURLToPath(new URL('../photos/alps.jpg', import.meta.url));

/** In a process of its own: what other tests hold is not counted. */
const program = `
  import { readFileSync } from 'node:fs';
  import { load } from ${JSON.stringify(library)};
  const bytes = readFileSync(${JSON.stringify(photo)});
  const model = await load();
  const classify = async (count) => {
    for (let done = 0; done < count; done += 4) {
      await Promise.all([
        model.classify(bytes),
        model.classify(${JSON.stringify(photo)}),
        model.classify(new Blob([bytes]).stream()),
        model.classify(bytes.subarray(0, 1000)).catch(() => {}),
      ]);
    }
    // Buffers of native code go only with the collections after the ones that find them.
    for (let round = 0; round < 5; round++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      gc();
    }
    const { rss, external, heapUsed } = process.memoryUsage();
    return { rss: rss / 2 ** 20, held: (external + heapUsed) / 2 ** 20 };
  };
  const samples = [];
  for (let block = 0; block < 6; block++) samples.push(await classify(200));
  model.close();
  console.log(JSON.stringify(samples));
`;

it('stays flat over 1200 classifications', () => {
  const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', '--input-type=module', '--eval', program], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  const [first, ...later]: { rss: number; held: number }[] = JSON.parse(stdout);
  // In MiB. If each kept its file or its pixels, every later block would hold hundreds more. On a busy machine a block may
  // end before the last buffers are collected, so the lowest of the last three counts.
  const last = later.slice(-3);
  expect(Math.min(...last.map(({ held }) => held)) - (first?.held ?? 0)).toBeLessThan(8);
  expect(Math.min(...last.map(({ rss }) => rss)) - (first?.rss ?? 0)).toBeLessThan(32);
}, 300_000);
