import { describe, expect, it } from 'vitest';
import { shareOf } from '../../src/evaluation/intervals.js';
import { calibrationError, type Judged, metricsOf, worstMistakes } from '../../src/evaluation/metrics.js';
import { fixtures, type MetricsFixture } from './golden-metrics.js';

function judge({ truth, probabilities }: MetricsFixture): Judged[] {
  return probabilities.map((row, at) => {
    const confidence = Math.max(...row);
    const own = row[truth[at]!]!;
    const better = row.filter((each, other) => each > own || (each === own && other < truth[at]!)).length;
    return {
      truth: truth[at]!,
      predicted: row.indexOf(confidence),
      confidence,
      truthProbability: own,
      isInTop5: better < 5,
    };
  });
}

describe('metricsOf', () => {
  it.each(fixtures.map((fixture, number) => ({ number, fixture })))(
    'equals scikit-learn and numpy on fixture $number',
    ({ fixture }) => {
      const { expected, classes } = fixture;
      const labels = Array.from({ length: classes }, (_, label) => `class ${label}`);
      const found = metricsOf(judge(fixture), labels);
      const near = (value: number | null, other: number) => expect(Math.abs(value! - other)).toBeLessThan(1e-12);
      near(found.top1.value, expected.accuracy);
      near(found.top5!.value, expected.top5);
      near(found.logLoss, expected.logLoss);
      near(found.ece, expected.ece);
      near(found.macroPrecision, expected.macro.precision);
      near(found.macroRecall, expected.macro.recall);
      near(found.macroF1, expected.macro['f1-score']);
      expect(found.perClass.map(({ label }) => label)).toEqual(expected.perClass.map(({ label }) => labels[label]));
      expected.perClass.forEach((scores, at) => {
        const { precision, recall, f1, support } = found.perClass[at]!;
        near(precision, scores.precision);
        near(recall, scores.recall);
        near(f1, scores['f1-score']);
        expect(support).toBe(scores.support);
      });
      expect(found.confusion.counts).toEqual(expected.confusion);
    },
  );

  const row: Judged = { truth: 0, predicted: 1, confidence: 0.75 };

  it('has no log loss and no top-5 where a row does not hold what they need', () => {
    const whole = { ...row, truthProbability: 0.25, isInTop5: true };
    expect(metricsOf([whole, whole], ['a', 'b'])).toMatchObject({ logLoss: -Math.log(0.25), top5: { value: 1 } });
    expect(metricsOf([whole, row], ['a', 'b'])).toMatchObject({ logLoss: null, top5: null });
  });

  it('says for each threshold how many pictures remain and how many of those are right', () => {
    const right = { ...row, predicted: 0, confidence: 0.9 };
    const { coverage } = metricsOf([row, right], ['a', 'b']);
    const at = (min: number) => coverage.find((each) => each.min === min);
    expect(at(0)).toEqual({ min: 0, coverage: 1, accuracy: 0.5 });
    expect(at(0.9)).toEqual({ min: 0.9, coverage: 0.5, accuracy: 1 });
    expect(at(0.95)).toEqual({ min: 0.95, coverage: 0, accuracy: null });
  });
});

it('calibrationError puts confidences of 0 and 1 into the first and the last bin', () => {
  expect(calibrationError([{ truth: 0, predicted: 0, confidence: 1 }])).toBe(0);
  expect(calibrationError([{ truth: 0, predicted: 1, confidence: 0 }])).toBe(0);
  expect(calibrationError([{ truth: 0, predicted: 1, confidence: 1 }])).toBe(1);
});

it('worstMistakes lists pairs by their number, then by their share of the class', () => {
  const confusion = {
    labels: ['a', 'b', 'c'],
    counts: [
      [5, 2, 3],
      [2, 0, 0],
      [0, 1, 9],
    ],
  };
  expect(worstMistakes(confusion, 3)).toEqual([
    { truth: 'a', predicted: 'c', count: 3, of: 10 },
    { truth: 'b', predicted: 'a', count: 2, of: 2 },
    { truth: 'a', predicted: 'b', count: 2, of: 10 },
  ]);
});

describe('shareOf', () => {
  // The limits by statsmodels, method="wilson".
  it.each([
    [0, 10, 0, 0.2775327998628892],
    [10, 10, 0.7224672001371107, 1],
    [5, 10, 0.236593090512564, 0.7634069094874361],
  ])('%i of %i lies between %f and %f', (hits, n, low, high) => {
    const share = shareOf(hits, n);
    expect(share.value).toBe(hits / n);
    expect(share.low95).toBeCloseTo(low, 12);
    expect(share.high95).toBeCloseTo(high, 12);
  });
});
