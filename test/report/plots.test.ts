import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as scales from 'd3-scale';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { type CostRecord, describeCost } from '../../src/cost/describe.js';
import { GraphTally, NO_WORK } from '../../src/cost/graphs/tally.js';
import { publishedOthers } from '../../src/cost/published-others.js';
import { listGrid, markFront, summarise } from '../../src/cost/summary.js';
import { buildNetwork, networkIds, networks } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import { plotAccuracy } from '../../src/report/plot-accuracy.js';
import { plotPage } from '../../src/report/plot-html.js';
import { plotGraph, plotLayers } from '../../src/report/plot-layers.js';
import { plotRoofline } from '../../src/report/plot-roofline.js';
import { escapeXml, type Picture } from '../../src/report/plot-svg.js';
import { plotCost, plotSummaries } from '../../src/use-cases/plot.js';

const folder = mkdtempSync(join(tmpdir(), 'plots-'));
afterAll(() => rmSync(folder, { recursive: true }));

const rows = markFront(listGrid({ networks: networkIds.slice() }).map((variant) => summarise(variant)));
const record = describeCost(resolve(buildNetwork('mobilenet_v2'), { resolution: 224 }));
const measured: CostRecord = {
  ...record,
  layers: record.layers.map((layer, index) =>
    layer.macs > 0 ? { ...layer, ms: 0.01 + index / 100, gmacsPerSecond: 3 + (index % 20) } : { ...layer, ms: null },
  ),
  measured: { ms: 9, gmacsPerSecond: 20, ceiling: 27, bandwidth: 12, runtime: 'Node.js', weights: 'seeded weights' },
};

const foreign = new GraphTally({ convention: 'fvcore' });
for (const operator of ['Conv', 'Gemm', 'BatchNormalization', 'Unheard']) {
  const name = `/a/module/with/a/long/path/${operator}`.repeat(3);
  if (operator === 'Unheard') foreign.skip(operator);
  else foreign.add({ ...NO_WORK, name, operator, output: [1, 8, 9, 9], macs: 1e9, weights: 64, normalised: 648 });
}
const graph = foreign.finish({
  ...{ file: `folder/${'W'.repeat(200)}.onnx`, format: 'onnx', reason: 'an Unheard', input: [1, 3, 9, 9] },
});

const pictures: readonly (readonly [string, Picture])[] = [
  ['accuracy', plotAccuracy(rows, scales)],
  ['accuracy with networks of other authors', plotAccuracy(rows, scales, publishedOthers)],
  ['accuracy of networks of other authors alone', plotAccuracy([], scales, publishedOthers)],
  ['accuracy of one network', plotAccuracy([summarise({ network: 'xception', alpha: 1, resolution: 299 })], scales)],
  [
    'accuracy of nothing published',
    plotAccuracy([summarise({ network: 'xception', alpha: 2, resolution: 99 })], scales),
  ],
  ['layers', plotLayers(record, scales)],
  ['layers with times', plotLayers(measured, scales)],
  ['roofline', plotRoofline(measured, scales)],
  ['a foreign graph', plotGraph(graph, scales)],
];

interface Label {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Where the texts lie, at a common width of letters; turned ones are left out. */
function labelsOf({ svg }: Picture): readonly Label[] {
  const found = svg.matchAll(
    /<text x="([\d.-]+)" y="([\d.-]+)" text-anchor="(\w+)"(?: class="([^"]*)")?( transform[^>]*)?>([^<]*)</g,
  );
  return [...found].flatMap(([, x, y, anchor, style = '', turned, text]) => {
    if (turned) return [];
    const size = style.includes('title') ? 20 : style.includes('small') ? 12 : 14;
    const width = text!.length * size * 0.5;
    const shift = anchor === 'middle' ? width / 2 : anchor === 'end' ? width : 0;
    const left = Number(x) - shift;
    return [{ text: text!, left, right: left + width, top: Number(y) - size * 0.7, bottom: Number(y) }];
  });
}

describe.each(pictures)('%s', (_, picture) => {
  it('is an SVG that renders', async () => {
    const { data, info } = await sharp(Buffer.from(picture.svg))
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([picture.width, picture.height]);
    // Light ground, and something on it.
    expect([...data.subarray(0, 3)]).toEqual([255, 255, 255]);
    expect(data.some((value) => value < 60)).toBe(true);
    expect(picture.svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('has no text over another, and none outside', () => {
    const labels = labelsOf(picture);
    for (const [index, a] of labels.entries()) {
      expect(a.left).toBeGreaterThanOrEqual(0);
      expect(a.right).toBeLessThanOrEqual(picture.width);
      expect(a.bottom).toBeLessThanOrEqual(picture.height);
      for (const b of labels.slice(index + 1)) {
        const apart = a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
        expect(apart, `“${a.text}” and “${b.text}”`).toBe(true);
      }
    }
  });

  it('lets the pointer through to its points', () => {
    expect(picture.svg).toContain('text,path{pointer-events:none}');
    // A bar may be thinner than a pixel; its row is what the pointer finds.
    const hits = [...picture.svg.matchAll(/<rect class="hit" [^>]*width="([\d.]+)"\/>/g)].map(([, width]) =>
      Number(width),
    );
    const bars = [...picture.svg.matchAll(/<rect class="bar [^>]*width="([\d.]+)"\/>/g)].map(([, width]) =>
      Number(width),
    );
    expect(hits.length).toBe(bars.length);
    for (const [index, width] of hits.entries()) expect(width).toBeGreaterThanOrEqual(bars[index]!);
    expect(Math.min(...hits, Infinity)).toBeGreaterThan(100);
  });

  it('says the values of its points, in light and dark', () => {
    const marks = picture.svg.match(/class="mark/g)?.length ?? 0;
    const tips = picture.svg.match(/<title>/g)!.length - 1;
    expect(tips).toBe(marks);
    expect(picture.svg).toContain('@media (prefers-color-scheme:dark)');
  });
});

describe('labels of the accuracy plot', () => {
  const picture = plotAccuracy(rows, scales, publishedOthers);

  it('name every network of other authors that has a place, and every width', () => {
    for (const { network, macs } of publishedOthers) {
      expect(picture.svg.includes(`>${network}</text>`)).toBe(macs !== null);
    }
    const widths = new Set(rows.filter(({ top1 }) => top1 !== null).map(({ network, alpha }) => `${network} ${alpha}`));
    expect(picture.svg.match(/>α [^<]*<\/text>/g)!.length).toBe(widths.size);
  });

  it('draw what is not computed as rings', () => {
    expect(picture.svg.match(/class="mark hollow"/g)!.length).toBe(
      publishedOthers.filter(({ macs }) => macs !== null).length,
    );
    expect(plotAccuracy(rows, scales).svg).not.toContain('class="mark hollow"');
  });
});

it('a kind of layer has one colour in all pictures, and no other kind has it', () => {
  const colours = new Map<string, Set<string>>();
  for (const id of networkIds) {
    const own = describeCost(resolve(buildNetwork(id), { resolution: networks[id].defaultResolution }));
    for (const [, kind, colour] of plotLayers(own, scales).svg.matchAll(
      /<title>\S+ \((\w+)\)[^<]*<\/title>.*?"bar (f\d)"/g,
    )) {
      colours.set(kind!, (colours.get(kind!) ?? new Set()).add(colour!));
    }
  }
  expect(colours.size).toBe(10);
  expect([...colours.values()].map((set) => set.size)).toEqual([...colours].map(() => 1));
  expect(new Set([...colours.values()].flatMap((set) => [...set])).size).toBe(colours.size);
});

describe('a page', () => {
  it('needs no other file', () => {
    const page = plotPage(pictures.map(([, picture]) => picture));
    expect(page).toMatch(/^<!doctype html>/);
    expect(page.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|src=|href=|@import|url\(/);
    expect(page).toContain("default-src 'none'");
  });

  it('takes names from files as text', () => {
    const evil = '</title><script>alert(1)</script>"\'&\u0000';
    const layer = { ...record.layers[0]!, name: evil };
    const page = plotPage([plotLayers({ ...record, network: evil, layers: [layer] }, scales)]);
    expect(page).not.toContain('<script>alert');
    expect(escapeXml(evil)).toBe('&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\ufffd');
  });
});

describe('files', () => {
  it('are written as their name says', async () => {
    const path = (name: string) => join(folder, name);
    await plotSummaries(path('a.svg'), rows);
    await plotSummaries(path('a.PNG'), rows);
    await plotCost(path('a.html'), measured);
    expect(readFileSync(path('a.svg'), 'utf8')).toMatch(/^<svg /);
    expect((await sharp(path('a.PNG')).metadata()).width).toBe(2400);
    expect(readFileSync(path('a.html'), 'utf8').match(/<svg /g)?.length).toBe(2);
  });

  it('that cannot be written are said so', async () => {
    const path = join(folder, 'absent', 'a.svg');
    await expect(plotCost(path, record)).rejects.toThrow(`--plot ${path}: no such folder`);
  });

  it.each(networkIds)('%s has a picture of its layers', (id) => {
    const own = describeCost(resolve(buildNetwork(id), { resolution: networks[id].defaultResolution }));
    expect(plotLayers(own, scales).svg.match(/class="mark/g)!.length).toBeGreaterThan(own.layers.length);
  });
});
