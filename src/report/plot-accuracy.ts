import type { PublishedOther } from '../cost/published-others.js';
import type { SummaryRow } from '../cost/summary.js';
import { elementAt } from '../errors/element-at.js';
import { type Box, boxAround, boxesAlong, LABEL, placeLabelFar } from './plot-labels.js';
import {
  COLOURS,
  drawBubble,
  drawLegend,
  drawLine,
  drawPath,
  drawPicture,
  drawRing,
  drawText,
  type Picture,
  type Scales,
  textWidth,
} from './plot-svg.js';
import { alphaText, grouped, megas } from './units.js';

const SIZE = { width: 1200, height: 760 };
const PLOT = { left: 80, right: 1170, top: 130, bottom: 680 };
const NOTES = SIZE.height - 8;
const LARGEST_RADIUS = 30;
/** Other authors' networks are far larger. */
const LARGEST_RING = 44;

/**
 * Published top-1 against MACs (log axis), parameters as the area of the points, a line through the resolutions of each
 * width: the papers' plot. Rows without a top-1 are counted below, not drawn. Networks of other authors are rings.
 */
export function plotAccuracy(
  rows: readonly SummaryRow[],
  { scaleLinear, scaleLog, scaleSqrt }: Scales,
  others: readonly PublishedOther[] = [],
): Picture {
  const shown = rows.filter((row): row is Shown => row.top1 !== null && row.alpha !== null);
  const title = 'Accuracy against multiply-accumulates';
  const missing = rows.length - shown.length;
  const subtitle = 'Area of a point: parameters. Lines: one width, several resolutions.';
  const head = [drawText(PLOT.left, 36, title, { style: 'title' }), drawText(PLOT.left, 62, subtitle)];
  if (shown.length === 0 && others.length === 0) {
    const note = drawText(SIZE.width / 2, SIZE.height / 2, 'No published top-1 to show.', { anchor: 'middle' });
    return drawPicture(SIZE.width, SIZE.height, title, [...head, note]);
  }
  const rings = others.filter((row): row is PublishedOther & { macs: number } => row.macs !== null);
  const points = [...shown, ...rings];
  const macs = points.map((row) => row.macs);
  const accuracies = points.map(({ top1 }) => top1);
  const x = scaleLog()
    .domain([Math.min(...macs) / 1.35, Math.max(...macs) * (rings.length > 0 ? 1.5 : 1.35)])
    .range([PLOT.left, PLOT.right]);
  const y = scaleLinear()
    .domain([Math.min(...accuracies) - 3, Math.max(...accuracies) + 3])
    .nice()
    .range([PLOT.bottom, PLOT.top]);
  const radius = scaleSqrt()
    .domain([0, Math.max(...points.map(({ params }) => params))])
    .range([0, rings.length > 0 ? LARGEST_RING : LARGEST_RADIUS]);
  const ids = [...new Set(shown.map(({ network }) => network))];
  const colourOf = (network: string) => ids.indexOf(network) % COLOURS;

  const body = [...head, ...drawLegend(PLOT.left, 96, ids), ...drawSizes(radius)];
  const nameX = x.tickFormat(10, '~s');
  for (const tick of x.ticks()) {
    body.push(drawLine(x(tick), PLOT.top, x(tick), PLOT.bottom, 'grid'));
    const name = nameX(tick);
    if (name !== '') body.push(drawText(x(tick), PLOT.bottom + 22, name, { anchor: 'middle' }));
  }
  const nameY = y.tickFormat();
  for (const tick of y.ticks()) {
    body.push(drawLine(PLOT.left, y(tick), PLOT.right, y(tick), 'grid'));
    body.push(drawText(PLOT.left - 10, y(tick) + 5, nameY(tick), { anchor: 'end' }));
  }
  body.push(drawLine(PLOT.left, PLOT.bottom, PLOT.right, PLOT.bottom, 'axis'));
  body.push(drawLine(PLOT.left, PLOT.top, PLOT.left, PLOT.bottom, 'axis'));
  const middle = (PLOT.top + PLOT.bottom) / 2;
  body.push(drawText((PLOT.left + PLOT.right) / 2, SIZE.height - 24, 'multiply-accumulates', { anchor: 'middle' }));
  if (missing > 0) {
    const note = `not shown: ${missing} without a published top-1`;
    body.push(drawText(PLOT.right, NOTES, note, { anchor: 'end', style: 'small' }));
  }
  body.push(drawText(24, middle, 'ImageNet top-1, %', { anchor: 'middle', rotate: -90 }));

  const at = (row: { readonly macs: number; readonly top1: number }) => [x(row.macs), y(row.top1)] as const;
  const front = shown.filter((row) => row.front).toSorted((a, b) => a.macs - b.macs);
  if (front.length > 1) {
    body.push(drawPath(front.map(at), 'dash'));
  }
  const dashed = [
    ...(front.length > 1 ? ['dashed line: Pareto front'] : []),
    ...(rings.length > 0 ? ['rings: by other authors, as printed'] : []),
  ];
  if (dashed.length > 0) body.push(drawText(PLOT.left, NOTES, dashed.join('; '), { style: 'small' }));
  const widths = groupByWidth(shown);
  for (const group of widths) {
    if (group.length > 1) body.push(drawPath(group.map(at), `s${colourOf(elementAt(group, 0).network)} thin`));
  }
  // The larger first, so that none hides another.
  for (const ring of rings.toSorted((a, b) => b.params - a.params)) {
    body.push(drawRing(...at(ring), radius(ring.params), describeOther(ring)));
  }
  for (const row of shown.toSorted((a, b) => b.params - a.params)) {
    const [cx, cy] = at(row);
    body.push(drawBubble(cx, cy, radius(row.params), colourOf(row.network), describe(row)));
  }
  const taken: Box[] = [
    ...points.map((row) => boxAround(...at(row), radius(row.params))),
    ...boxesAlong(front.map(at)),
    ...widths.flatMap((group) => boxesAlong(group.map(at))),
  ];
  const placeOf = (row: Marked) => ({ x: x(row.macs), y: y(row.top1), radius: radius(row.params) });
  const places = points.map(placeOf);
  const labels: Box[] = [];
  const label = (row: Marked, name: string, style: string) => {
    const placed = placeLabelFar(placeOf(row), name, { points: places, labels, taken }, PLOT);
    if (!placed) return;
    const { box, leader } = placed;
    labels.push(box);
    // Two names side by side would read as one.
    taken.push({ ...box, left: box.left - 6, right: box.right + 6 });
    if (leader) {
      taken.push(...boxesAlong(leader));
      body.push(drawPath(leader, 'leader'));
    }
    body.push(drawText(box.left, box.bottom - 4, name, { style }));
  };
  for (const group of widths) {
    const best = group.at(-1)!;
    label(best, nameOf(group), `small f${colourOf(best.network)}`);
  }
  for (const ring of rings) label(ring, ring.network, 'small');
  return drawPicture(SIZE.width, SIZE.height, title, body);
}

/** What has a published top-1 is one of this project's networks. */
type Shown = SummaryRow & { readonly top1: number; readonly alpha: number };

interface Marked {
  readonly macs: number;
  readonly top1: number;
  readonly params: number;
}

/** The rows of each network and width, the fewest MACs first. */
function groupByWidth(rows: readonly Shown[]): readonly (readonly Shown[])[] {
  const groups = new Map<string, Shown[]>();
  for (const row of rows) {
    const key = `${row.network} ${row.alpha}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].map((group) => group.toSorted((a, b) => a.macs - b.macs));
}

function nameOf(group: readonly Shown[]): string {
  const { alpha, resolution } = elementAt(group, 0);
  return group.length > 1 ? `α ${alphaText(alpha)}` : `α ${alphaText(alpha)}, ${resolution}`;
}

function describe(row: Shown): string {
  return [
    ...('file' in row ? [row.file] : []),
    `${row.network} α ${alphaText(row.alpha)}, ${row.resolution}×${row.resolution}`,
    `${grouped(row.macs)} MACs`,
    `${grouped(row.params)} parameters`,
    `top-1 ${row.top1} % (${row.top1Source})`,
  ].join('\n');
}

function describeOther({ network, top1, printed, remark }: PublishedOther): string {
  const lines = [network, `${printed.macs} MACs`, `${printed.params} parameters`, `top-1 ${top1} %`];
  return [...lines, `as printed in ${printed.source}`, ...(remark === null ? [] : [remark])].join('\n');
}

/** What the areas mean: a few round numbers of parameters at the lower right. */
function drawSizes(radius: ReturnType<typeof import('d3-scale').scaleSqrt<number, number>>): string[] {
  const isSmall = (count: number) => count > 0 && radius(count) <= LARGEST_RADIUS;
  const [few, many] = [radius.ticks(4).filter(isSmall), radius.ticks(8).filter(isSmall)];
  const counts = few.length > 1 ? few : many;
  const places = [0, Math.floor(counts.length / 2), counts.length - 1];
  const chosen = counts.length > 3 ? places.map((place) => elementAt(counts, place)) : counts;
  let left = PLOT.right;
  const parts: string[] = [];
  for (const count of chosen.toReversed()) {
    const name = `${megas(count, count < 1e6 ? 1 : 0)} M`;
    left -= textWidth(name, LABEL.size) + 4;
    parts.push(drawText(left, 62, name, { style: 'small' }));
    left -= radius(count) + 6;
    parts.push(`<circle class="ring" cx="${left.toFixed(1)}" cy="56" r="${radius(count).toFixed(1)}"/>`);
    left -= radius(count) + 12;
  }
  parts.push(drawText(left, 62, 'parameters', { anchor: 'end', style: 'small' }));
  return parts;
}
