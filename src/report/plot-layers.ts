import type { CostRecord, LayerRecord } from '../cost/describe.js';
import {
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
import { alphaText, grouped, megabytes } from './units.js';

const WIDTH = 1200;
const ROW = 18;
const TOP = 150;
const BOTTOM = 50;
const MARGIN = 24;
const GAP = 36;
const LONGEST_NAME = 34;

interface Panel {
  readonly name: string;
  readonly value: (layer: LayerRecord) => number;
  readonly describe: (value: number) => string;
}

/** A row for each layer with bars for MACs, parameters, live activations, and milliseconds if they were measured. */
export function plotLayers(cost: CostRecord, { scaleLinear }: Scales): Picture {
  const { layers, network, alpha, resolution, measured } = cost;
  const panels: Panel[] = [
    { name: 'multiply-accumulates', value: ({ macs }) => macs, describe: (value) => `${grouped(value)} MACs` },
    { name: 'parameters', value: ({ params }) => params, describe: (value) => `${grouped(value)} parameters` },
    { name: 'live activations, bytes', value: ({ live }) => live, describe: (value) => `${megabytes(value)} alive` },
    ...(measured
      ? [{ name: 'milliseconds', value: ({ ms }: LayerRecord) => ms ?? 0, describe: (value: number) => `${value} ms` }]
      : []),
  ];
  const height = TOP + ROW * layers.length + BOTTOM;
  const bottom = TOP + ROW * layers.length;
  const names = layers.map(({ name }) => shorten(name));
  const left = MARGIN + Math.max(...names.map((name) => textWidth(name, 12))) + 10;
  const width = (WIDTH - MARGIN - left - GAP * (panels.length - 1)) / panels.length;
  const kinds = [...new Set(layers.map(({ kind }) => kind))];
  const title = `${network} α ${alphaText(alpha)}, ${resolution}×${resolution}, layer by layer`;
  const body = [
    drawText(MARGIN, 36, title, { style: 'title' }),
    drawText(
      MARGIN,
      62,
      `${grouped(cost.macs)} MACs, ${grouped(cost.params.total)} parameters, at most ${megabytes(cost.peak.bytes)} of activations (at ${cost.peak.layer})`,
    ),
    ...drawLegend(MARGIN, 94, kinds, kinds.map(colourOfKind)),
    ...names.map((name, index) => drawText(left - 8, TOP + ROW * index + 13, name, { anchor: 'end', style: 'small' })),
  ];
  for (const [place, panel] of panels.entries()) {
    const start = left + place * (width + GAP);
    const most = Math.max(...layers.map(panel.value));
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
    for (const [index, layer] of layers.entries()) {
      const value = panel.value(layer);
      if (value === 0) continue;
      const tip = `${layer.name} (${layer.kind})\n${panel.describe(value)}\n${layer.input.join('×')} → ${layer.output.join('×')}`;
      const colour = colourOfKind(layer.kind);
      const bar = { x: start, y: TOP + ROW * index + 2, width: x(value) - start, height: ROW - 4 };
      body.push(drawBar(bar, width, colour, tip));
    }
  }
  return drawPicture(WIDTH, height, title, body);
}

/** Of a long name the end tells more: files put folders in front. */
function shorten(name: string): string {
  return name.length > LONGEST_NAME ? `…${name.slice(1 - LONGEST_NAME)}` : name;
}
