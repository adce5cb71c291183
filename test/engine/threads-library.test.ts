import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { load, UsageError } from '../../src/index.js';

const photo = new URL('../photos/alps.jpg', import.meta.url);

describe('load with threads', () => {
  it('classifies as with one, pictures handed in before close too', async () => {
    const [one, two] = await Promise.all([load(), load({ threads: 2 })]);
    const bytes = readFileSync(photo);
    const expected = (await one.classify(bytes)).predictions;
    const pictures = [two.classify(bytes), two.classify(bytes), two.classify(bytes)];
    two.close();
    one.close();
    for (const { predictions } of await Promise.all(pictures)) expect(predictions).toEqual(expected);
    await expect(two.classify(bytes)).rejects.toMatchObject({ code: 'closed' });
  });

  it.each([0, 65, 1.5, Number.NaN, -2])('refuses %d threads', async (threads) => {
    await expect(load({ threads })).rejects.toThrow(UsageError);
  });
});
