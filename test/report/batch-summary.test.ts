import { expect, it } from 'vitest';
import { batchSummary } from '../../src/report/batch-summary.js';

it('batchSummary writes codes as words, and the first name of a label as it is', () => {
  const facts = {
    succeeded: 3,
    failed: 2,
    skipped: 1,
    reasons: new Map([['not-found', 2]]),
    others: new Map([
      ['text', 1],
      ['video', 2],
    ]),
    classes: new Map([
      ['cliff, drop', 1],
      ['German short-haired pointer', 2],
    ]),
    seconds: 2,
  };
  expect(batchSummary(facts, 'classified')).toEqual([
    '3 classified, 2 failed (2 not found), 1 done before, 2.5 images/s',
    'most frequent: 2 German short-haired pointer, 1 cliff',
    '3 other files skipped: 2 video, 1 text',
  ]);
});
