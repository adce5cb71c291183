import type { PublishedOther } from '../cost/published-others.js';
import type { SummaryRow } from '../cost/summary.js';
import { elementAt } from '../errors/element-at.js';
import { drawAxes } from './plot-axes.js';
import { type Box, boxAround, boxesAlong, LABEL, placeLabelFar } from './plot-labels.js';
import {
  COLOURS,
  drawBubble,
  drawLegend,
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
  const rings = others.filter((row): row is Ring => row.macs !== null);
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

  const at = ({ macs, top1, params }: Marked): Place => ({ x: x(macs), y: y(top1), radius: radius(params) });
  const front = shown.filter((row) => row.front).toSorted((a, b) => a.macs - b.macs);
  const widths = groupByWidth(shown);
  return drawPicture(SIZE.width, SIZE.height, title, [
    ...head,
    ...drawLegend(PLOT.left, 96, ids, ids.map(colourOf), PLOT.right),
    ...drawSizes(radius),
    ...drawAxes(
      PLOT,
      SIZE.height,
      { scale: x, nameOf: x.tickFormat(10, '~s'), caption: 'multiply-accumulates' },
      { scale: y, nameOf: y.tickFormat(), caption: 'ImageNet top-1, %' },
    ),
    ...drawNotes(missing, front.length > 1, rings.length > 0),
    ...drawLines(front, widths, at, colourOf),
    ...drawPoints(shown, rings, at, colourOf),
    ...drawNames({ points, front, widths, rings }, at, colourOf),
  ]);
}

/** Where the point of a row is. */
interface Place {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

type PlaceOf = (row: Marked) => Place;
type ColourOf = (network: string) => number;

function drawNotes(missing: number, hasFront: boolean, hasRings: boolean): string[] {
  const marks = [
    ...(hasFront ? ['dashed line: Pareto front'] : []),
    ...(hasRings ? ['rings: by other authors, as printed'] : []),
  ];
  const hidden = `not shown: ${missing} without a published top-1`;
  return [
    ...(missing > 0 ? [drawText(PLOT.right, NOTES, hidden, { anchor: 'end', style: 'small' })] : []),
    ...(marks.length > 0 ? [drawText(PLOT.left, NOTES, marks.join('; '), { style: 'small' })] : []),
  ];
}

function lineOf(rows: readonly Marked[], at: PlaceOf): (readonly [number, number])[] {
  return rows.map((row) => {
    const { x, y } = at(row);
    return [x, y] as const;
  });
}

/** The Pareto front, and a line through the resolutions of each width. */
function drawLines(
  front: readonly Shown[],
  widths: readonly (readonly Shown[])[],
  at: PlaceOf,
  colourOf: ColourOf,
): string[] {
  const lines = widths.filter((group) => group.length > 1);
  return [
    ...(front.length > 1 ? [drawPath(lineOf(front, at), 'dash')] : []),
    ...lines.map((group) => drawPath(lineOf(group, at), `s${colourOf(elementAt(group, 0).network)} thin`)),
  ];
}

/** The larger first, so that none hides another. */
function drawPoints(shown: readonly Shown[], rings: readonly Ring[], at: PlaceOf, colourOf: ColourOf): string[] {
  const bySize = <Row extends Marked>(rows: readonly Row[]) => rows.toSorted((a, b) => b.params - a.params);
  return [
    ...bySize(rings).map((ring) => {
      const { x, y, radius } = at(ring);
      return drawRing(x, y, radius, describeOther(ring));
    }),
    ...bySize(shown).map((row) => {
      const { x, y, radius } = at(row);
      return drawBubble(x, y, radius, colourOf(row.network), describe(row));
    }),
  ];
}

interface NamedRows {
  readonly points: readonly Marked[];
  readonly front: readonly Shown[];
  readonly widths: readonly (readonly Shown[])[];
  readonly rings: readonly Ring[];
}

/** The name of each width at its best point, and those of the rings, where there is room. */
function drawNames({ points, front, widths, rings }: NamedRows, at: PlaceOf, colourOf: ColourOf): string[] {
  const places = points.map(at);
  const taken: Box[] = [
    ...places.map(({ x, y, radius }) => boxAround(x, y, radius)),
    ...boxesAlong(lineOf(front, at)),
    ...widths.flatMap((group) => boxesAlong(lineOf(group, at))),
  ];
  const labels: Box[] = [];
  const draw = (row: Marked, name: string, style: string): string[] => {
    const placed = placeLabelFar(at(row), name, { points: places, labels, taken }, PLOT);
    if (!placed) return [];
    const { box, leader } = placed;
    labels.push(box);
    // Two names side by side would read as one.
    taken.push({ ...box, left: box.left - 6, right: box.right + 6 });
    if (leader) taken.push(...boxesAlong(leader));
    const text = drawText(box.left, box.bottom - 4, name, { style });
    return leader ? [drawPath(leader, 'leader'), text] : [text];
  };
  // Names of networks are longer than those of widths, so they choose first.
  return [
    ...rings.flatMap((ring) => draw(ring, ring.network, 'small')),
    ...widths.flatMap((group) => {
      const best = elementAt(group, group.length - 1);
      return draw(best, nameOf(group), `small f${colourOf(best.network)}`);
    }),
  ];
}

/** What has a published top-1 is one of this project's networks. */
type Shown = SummaryRow & { readonly top1: number; readonly alpha: number };

/** A network by other authors whose MACs are known. */
type Ring = PublishedOther & { readonly macs: number };

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
