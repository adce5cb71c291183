import { describe, expect, it } from 'vitest';
import { changeClasses, compareCount, findAccuracy, findPublished } from '../../src/cost/compare-published.js';
import { errata, publishedAccuracies, publishedCounts, publishedLatencies } from '../../src/cost/published.js';
import { buildNetwork, isNetworkId, isPublished, networkIds, networks } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import { mobilenetV1Macs, mobilenetV2Macs } from './figures.js';

const name = (row: ReturnType<typeof publishedCounts>[number]) =>
  `${row.network} ${row.alpha} ${row.resolution ?? '*'}: ${row.printed} ${row.unit} ${row.quantity}`;

/** Printed and not reproduced by any way of counting; each entry of the table gives its reason. */
const UNREPRODUCED = [
  'mobilenet_v1 0.25 224: 45 M MACs',
  'mobilenet_v1 0.25 128: 15 M MACs',
  'mobilenet_v1 0.25 192: 34 M MACs',
  'mobilenet_v1 1 224: 529 M MACs',
  'mobilenet_v1 1 192: 529 M MACs',
  'mobilenet_v1 1 160: 529 M MACs',
  'mobilenet_v1 1 128: 529 M MACs',
  'mobilenet_v2 1.4 224: 585 M MACs',
  'mobilenet_v2 1.4 *: 6.9 M parameters',
  'mobilenet_v1 1 224: 575 M MACs',
  'xception 1 299: 8403.63 M MACs',
  'xception 1 299: 8385.86 M MACs',
  'efficientnet_lite0 1 224: 407 M MACs',
  'efficientnet_lite1 1 240: 631 M MACs',
  'efficientnet_lite2 1 260: 899 M MACs',
  'efficientnet_lite3 1 280: 1.44 G MACs',
  'efficientnet_lite4 1 300: 2.64 G MACs',
];

describe('published counts', () => {
  it.each(
    publishedCounts()
      .filter(({ reading }) => reading)
      .map((row) => [name(row), row] as const),
  )('%s', (_, row) => {
    const { published, asPrinted, agrees } = compareCount(row);
    expect(asPrinted).toBe(published);
    expect(agrees).toBe(true);
  });

  it('the rest is listed with its reason, and really differs', () => {
    const rest = publishedCounts().filter(({ reading }) => !reading);
    expect(rest.map(name)).toEqual(UNREPRODUCED);
    for (const row of rest) {
      expect(row.note).toBeTruthy();
      const { published, asPrinted, agrees } = compareCount(row);
      expect(asPrinted).not.toBe(published);
      expect(agrees).toBe(false);
    }
  });

  it('has TF-slim’s grids and the papers’ as the reference table has them', () => {
    const printed = (network: string, source: string, alpha: number, resolution: number) =>
      publishedCounts()
        .filter((row) => row.network === network && row.source.startsWith(source) && row.quantity === 'MACs')
        .filter((row) => row.alpha === alpha && row.resolution === resolution && !row.source.includes('face'))
        .map((row) => Number(row.printed));
    for (const [alpha, resolution, , slim, paper] of mobilenetV1Macs) {
      expect(printed('mobilenet_v1', 'TF-slim', alpha, resolution)).toEqual([slim]);
      const inPaper = new Set(printed('mobilenet_v1', 'arXiv:1704', alpha, resolution));
      expect([...inPaper]).toEqual(paper === undefined ? [] : [paper]);
    }
    for (const [alpha, resolution, , slim] of mobilenetV2Macs) {
      expect(printed('mobilenet_v2', 'TF-slim', alpha, resolution)).toEqual(slim === undefined ? [] : [slim]);
    }
  });

  it('makes the rows that are asked for as it makes all', () => {
    for (const { network, alpha, resolution } of publishedCounts()) {
      const isWanted = (id: string, itsAlpha: number, itsResolution = resolution) =>
        id === network && itsAlpha === alpha && itsResolution === resolution;
      const same = (row: { network: string; alpha: number; resolution?: number }) =>
        isWanted(row.network, row.alpha, row.resolution);
      const rows = publishedCounts(isWanted);
      expect(rows.length).toBeGreaterThan(0);
      expect(rows).toEqual(publishedCounts().filter(same));
      expect(publishedAccuracies(isWanted)).toEqual(publishedAccuracies().filter(same));
      expect(publishedLatencies(isWanted)).toEqual(publishedLatencies().filter(same));
    }
  });

  it('names networks that exist, and a source', () => {
    for (const row of [...publishedCounts(), ...publishedAccuracies(), ...publishedLatencies(), ...errata]) {
      expect(isNetworkId(row.network)).toBe(true);
      expect(row.source).not.toBe('');
    }
  });
});

it.each(networkIds)('%s with another number of classes is what is built with that number', (id) => {
  const build = (classes: number) =>
    resolve(buildNetwork(id, { classes }), { resolution: networks[id].defaultResolution });
  expect(changeClasses(build(1000), 1001)).toEqual(build(1001));
  const known = build(1000);
  expect(findPublished(known, known)).toEqual(findPublished(known));
});

describe('findPublished', () => {
  it('says why a figure differs', () => {
    const { counts } = findPublished({ id: 'mobilenet_v1', alpha: 0.75, resolution: 224, classes: 1000 });
    expect(counts.find(({ source }) => source.startsWith('TF-slim'))).toMatchObject({
      published: '317 M',
      asPrinted: '317 M',
      computed: 325_400_448,
      counted: 325_400_448 - 8_128_512,
      agrees: true,
      why: 'without the first convolution',
    });
  });

  it('has nothing on what nobody published', () => {
    const found = findPublished({ id: 'mobilenet_v2', alpha: 1.4, resolution: 192, classes: 1000 });
    expect(found.accuracies).toEqual([]);
    expect(found.counts.every(({ quantity }) => quantity === 'parameters')).toBe(true);
  });

  it('keeps the 120-class rows for 120 classes', () => {
    const dogs = findPublished({ id: 'mobilenet_v1', alpha: 1, resolution: 224, classes: 120 });
    expect(dogs.counts.map(({ published }) => published)).toEqual(['569 M', '3.3 M']);
  });
});

describe('findAccuracy', () => {
  it.each([
    ['mobilenet_v1', 0.25, 128, 41.5, 'TF-slim mobilenet_v1.md, 2018_02_22'],
    ['mobilenet_v2', 0.35, 96, 45.5, 'TF-slim mobilenet/README.md'],
    ['xception', 1, 299, 79.0, 'arXiv:1610.02357'],
    ['mobilenet_v1_shallow', 1, 224, 65.3, 'arXiv:1704.04861, tables 4 to 9'],
  ])('%s α %d at %d: %d %%', (network, alpha, resolution, top1, source) => {
    expect(findAccuracy(network, alpha, resolution)).toMatchObject({ top1, source });
  });

  it('knows one for everything published, and only for that', () => {
    for (const { network, alpha, resolution } of publishedAccuracies()) {
      expect(isPublished(network, alpha, resolution)).toBe(true);
    }
    expect(findAccuracy('mobilenet_v2', 1.4, 192)).toBeUndefined();
  });
});
