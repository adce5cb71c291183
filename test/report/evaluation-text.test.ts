import { expect, test } from 'vitest';
import { metricsOf } from '../../src/evaluation/metrics.js';
import { evaluationSections } from '../../src/report/evaluation-text.js';
import { pageText } from '../../src/report/table.js';

const rows = [
  { truth: 0, predicted: 0, confidence: 0.9, truthProbability: 0.9, isInTop5: true },
  { truth: 0, predicted: 1, confidence: 0.6, truthProbability: 0, isInTop5: undefined },
  { truth: 1, predicted: 1, confidence: 0.8, truthProbability: 0.8, isInTop5: true },
];

test('what people read of an evaluation', () => {
  const text = pageText(
    evaluationSections(
      {
        ...metricsOf(rows, ['tench, Tinca tinca', 'dog']),
        ...{ failed: 1, unknown: 0, withoutTruth: 0, zeroProbability: 1 },
        reasons: { top5: '1 row does not hold the five most probable classes' },
      },
      true,
    ),
  );
  expect(text.split('\n')).toEqual([
    '3 images of 2 classes, 1 more failed',
    'top-1              66.7 %  95 % confidence: 20.8 % to 93.9 %',
    'top-5                   –  1 row does not hold the five most probable classes',
    'macro precision     0.750',
    'macro recall        0.750',
    'macro F1            0.667',
    'log loss           12.124  nats; 1 true class with probability 0 counted as 36.04',
    'calibration error   0.300',
    '',
    'Most frequent mistakes:',
    '  1 of 2  tench → dog',
    '',
    'Answers with at least this probability (--min of classify), and how many of them are right:',
    ...text.split('\n').slice(13, 26),
    '',
    'class               precision  recall     F1  images',
    'tench, Tinca tinca      1.000   0.500  0.667       2',
    'dog                     0.500   1.000  0.667       1',
    '',
  ]);
  expect(text).toContain('\n--min  answered    right\n 0.00   100.0 %   66.7 %\n');
  expect(text).toContain('\n 0.70    66.7 %  100.0 %\n');
  expect(text).toContain('\n 0.95     0.0 %\n');
});
