import { describe, expect, it } from 'vitest';
import { fitsBudget, parseBudget } from '../../src/cost/budget.js';
import { byAccuracy, listGrid, markFront, parseVariant, summarise } from '../../src/cost/summary.js';
import { UsageError } from '../../src/errors/errors.js';
import { mobilenetV1Macs, mobilenetV2Macs } from './figures.js';

const grid = listGrid({}).map((variant) => summarise(variant));

describe('the papers’ grids', () => {
  it('are v1’s 16 and v2’s 30, with their exact MACs', () => {
    const key = (network: string, alpha: number, resolution: number, macs: number) =>
      `${network} ${alpha} ${resolution} ${macs}`;
    const expected = [
      ...mobilenetV1Macs.map(([alpha, resolution, macs]) => key('mobilenet_v1', alpha, resolution, macs)),
      ...mobilenetV2Macs.map(([alpha, resolution, macs]) => key('mobilenet_v2', alpha, resolution, macs)),
    ];
    expect(grid.map((row) => key(row.network, row.alpha, row.resolution, row.macs))).toEqual(expected);
    expect(grid.filter(({ published }) => published).length).toBe(16 + 22);
    expect(grid.filter(({ top1 }) => top1 !== null).length).toBe(16 + 22);
  });

  it('take what they are given', () => {
    expect(listGrid({ networks: ['xception'], alphas: [0.5, 1], resolutions: [299] })).toEqual([
      { network: 'xception', alpha: 1, resolution: 299 },
      { network: 'xception', alpha: 0.5, resolution: 299 },
    ]);
    expect(() => listGrid({ networks: ['resnet'] })).toThrow(UsageError);
  });
});

describe('--budget', () => {
  it('lists what fits, best first', () => {
    const limits = parseBudget('macs<100M,params<2M');
    const fitting = grid.filter((row) => fitsBudget(row, limits)).toSorted(byAccuracy);
    expect(fitting.every(({ macs, params }) => macs < 1e8 && params < 2e6)).toBe(true);
    // v2 0.5/224: 97.1 M MACs, 1.97 M parameters, 65.4 %; nothing else in the tables is as good within these bounds.
    expect(fitting[0]).toMatchObject({ network: 'mobilenet_v2', alpha: 0.5, resolution: 224, top1: 65.4 });
    expect(fitting.map(({ top1 }) => top1 ?? -1)).toEqual(
      fitting.map(({ top1 }) => top1 ?? -1).toSorted((a, b) => b - a),
    );
  });

  it.each([
    ['macs<100M', 'macs', '<', 1e8],
    ['FLOPS >= 1.5 g', 'flops', '>=', 1.5e9],
    ['params<=4200000', 'params', '<=', 4_200_000],
    ['weights<4MB', 'weights', '<', 4e6],
    ['activations<500kB', 'activations', '<', 5e5],
    ['top1>70', 'top1', '>', 70],
    ['macs<1B', 'macs', '<', 1e9],
    ['weights<100B', 'weights', '<', 100],
  ])('%s', (text, metric, comparison, value) => {
    expect(parseBudget(text)).toEqual([{ metric, comparison, value }]);
  });

  it.each(['', 'macs', 'macs=5', 'speed<5', 'macs<100MB', 'macs<M', 'macs<1e9', 'macs<100M,', 'constructor<5'])(
    'refuses %j',
    (text) => {
      expect(() => parseBudget(text)).toThrow(UsageError);
    },
  );

  it('a top-1 that nobody published fits nothing', () => {
    const unknown = summarise({ network: 'mobilenet_v2', alpha: 1.4, resolution: 96 });
    expect(fitsBudget(unknown, parseBudget('top1<100'))).toBe(false);
  });
});

describe('the front', () => {
  it('is better in accuracy the more MACs it takes, and nothing off it beats it', () => {
    const marked = markFront(grid);
    const front = marked.filter((row) => row.front).toSorted((a, b) => a.macs - b.macs);
    expect(front.length).toBeGreaterThan(5);
    for (const [index, row] of front.entries()) {
      if (index > 0) expect(row.top1!).toBeGreaterThan(front[index - 1]!.top1!);
    }
    for (const row of marked.filter((each) => each.front === false)) {
      expect(front.some((better) => better.macs <= row.macs && better.top1! >= row.top1!)).toBe(true);
    }
    expect(marked.filter((row) => row.front === null).every(({ top1 }) => top1 === null)).toBe(true);
  });
});

describe('parseVariant', () => {
  it.each([
    ['mobilenet_v1:0.75:192', { network: 'mobilenet_v1', alpha: 0.75, resolution: 192 }],
    ['mobilenet_v2:1.4', { network: 'mobilenet_v2', alpha: 1.4, resolution: 224 }],
    ['xception', { network: 'xception', alpha: 1, resolution: 299 }],
  ])('%s', (text, expected) => {
    expect(parseVariant(text)).toEqual(expected);
  });

  it.each(['resnet', 'xception:wide', 'xception:1:299:3', 'xception:1:', 'xception::299', 'xception:1:1.5', ''])(
    'refuses %j',
    (text) => {
      expect(() => parseVariant(text)).toThrow(UsageError);
    },
  );
});
