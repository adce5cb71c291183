import type { CostRecord, LayerRecord } from '../cost/describe.js';
import type { GraphCost } from '../cost/graphs/tally.js';
import {
  COLOURS,
  colourOfKind,
  drawBar,
  drawLegend,
  drawLine,
  drawPicture,
  drawText,
  type Picture,
  type Scales,
  textWidth,
} from './plot-svg.js';
import { alphaText, grouped, sizeText } from './units.js';

const WIDTH = 1200;
const ROW = 18;
const TOP = 150;
const BOTTOM = 50;
const MARGIN = 24;
const GAP = 36;
const LONGEST_NAME = 34;

/** One row of bars. */
interface Row {
  readonly name: string;
  readonly kind: string;
  readonly colour: number;
  readonly shape: string;
}

interface Panel<R extends Row> {
  readonly name: string;
  readonly value: (row: R) => number;
  readonly describe: (value: number) => string;
}

const macsPanel = {
  name: 'multiply-accumulates',
  value: ({ macs }: { readonly macs: number }) => macs,
  describe: (value: number) => `${grouped(value)} MACs`,
};
const paramsPanel = {
  name: 'parameters',
  value: ({ params }: { readonly params: number }) => params,
  describe: (value: number) => `${grouped(value)} parameters`,
};

/** A row for each layer with bars for MACs, parameters, live activations, and milliseconds if they were measured. */
export function plotLayers(cost: CostRecord, scales: Scales): Picture {
  const { layers, network, alpha, resolution, measured } = cost;
  const rows = layers.map((layer) => ({
    ...layer,
    colour: colourOfKind(layer.kind),
    shape: `${layer.input.join('×')} → ${layer.output.join('×')}`,
  }));
  const panels: Panel<(typeof rows)[number]>[] = [
    macsPanel,
    paramsPanel,
    { name: 'live activations, bytes', value: ({ live }) => live, describe: (value) => `${sizeText(value)} alive` },
    ...(measured
      ? [{ name: 'milliseconds', value: ({ ms }: LayerRecord) => ms ?? 0, describe: (value: number) => `${value} ms` }]
      : []),
  ];
  const title = `${network} α ${alphaText(alpha)}, ${resolution}×${resolution}, layer by layer`;
  const subtitle = `${grouped(cost.macs)} MACs, ${grouped(cost.params.total)} parameters, at most ${sizeText(cost.peak.bytes)} of activations (at ${shorten(cost.peak.layer)})`;
  return drawPanels(title, subtitle, rows, panels, scales);
}

/** The operators of a foreign graph; what is not counted is said, since it has no bar. */
export function plotGraph(cost: GraphCost, scales: Scales): Picture {
  const operators = [...new Set(cost.layers.map(({ operator }) => operator))];
  const rows = cost.layers.map((layer) => ({
    ...layer,
    kind: layer.operator,
    colour: operators.indexOf(layer.operator) % COLOURS,
    shape: layer.output.join('×'),
  }));
  const { plain, unit, convention } = cost.counted;
  const counted: Panel<(typeof rows)[number]> = {
    name: `${unit} as ${convention} counts`,
    value: ({ count }) => count,
    describe: (value) => `${grouped(value)} as ${convention} counts`,
  };
  const missing = cost.notCounted.reduce((sum, { times }) => sum + times, 0);
  const subtitle = `${grouped(cost.macs)} MACs, ${grouped(cost.params.total)} parameters${missing > 0 ? `; ${missing} operators NOT COUNTED` : ''}`;
  const title = `${shorten(cost.file.split(/[/\\\\]/).at(-1) ?? '', 48)}, operator by operator`;
  return drawPanels(title, subtitle, rows, [macsPanel, ...(plain ? [] : [counted]), paramsPanel], scales);
}

function drawPanels<R extends Row>(
  title: string,
  subtitle: string,
  rows: readonly R[],
  panels: readonly Panel<R>[],
  { scaleLinear }: Scales,
): Picture {
  const height = TOP + ROW * rows.length + BOTTOM;
  const bottom = TOP + ROW * rows.length;
  const names = rows.map(({ name }) => shorten(name));
  const left = MARGIN + Math.max(0, ...names.map((name) => textWidth(name, 12))) + 10;
  const width = (WIDTH - MARGIN - left - GAP * (panels.length - 1)) / panels.length;
  const colours = new Map(rows.map(({ kind, colour }) => [kind, colour]));
  const body = [
    drawText(MARGIN, 36, title, { style: 'title' }),
    drawText(MARGIN, 62, subtitle),
    ...drawLegend(MARGIN, 94, [...colours.keys()], [...colours.values()]),
    ...names.map((name, index) => drawText(left - 8, TOP + ROW * index + 13, name, { anchor: 'end', style: 'small' })),
  ];
  for (const [place, panel] of panels.entries()) {
    const start = left + place * (width + GAP);
    const most = Math.max(0, ...rows.map(panel.value));
    const x = scaleLinear()
      .domain([0, most > 0 ? most : 1])
      .range([start, start + width]);
    const ticks = x.ticks(3);
    const nameTick = x.tickFormat(3, most >= 1000 ? '~s' : undefined);
    body.push(drawText(start, TOP - 28, panel.name));
    for (const tick of ticks) {
      body.push(drawLine(x(tick), TOP - 4, x(tick), bottom, 'grid'));
      body.push(drawText(x(tick), TOP - 9, nameTick(tick), { anchor: 'middle', style: 'small' }));
      body.push(drawText(x(tick), bottom + 18, nameTick(tick), { anchor: 'middle', style: 'small' }));
    }
    body.push(drawLine(start, TOP - 4, start, bottom, 'axis'));
    for (const [index, row] of rows.entries()) {
      const value = panel.value(row);
      if (value === 0) continue;
      const tip = `${row.name} (${row.kind})\n${panel.describe(value)}\n${row.shape}`;
      const bar = { x: start, y: TOP + ROW * index + 2, width: x(value) - start, height: ROW - 4 };
      body.push(drawBar(bar, width, row.colour, tip));
    }
  }
  return drawPicture(WIDTH, height, title, body);
}

/** Of a long name the end tells more: files put folders in front. */
function shorten(name: string, longest = LONGEST_NAME): string {
  return name.length > longest ? `…${name.slice(1 - longest)}` : name;
}
