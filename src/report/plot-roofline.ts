import type { CostRecord, LayerRecord } from '../cost/describe.js';
import { elementAt } from '../errors/element-at.js';
import { type AxisScale, drawAxes } from './plot-axes.js';
import { type Box, boxAround, boxesAlong, LABEL, placeLabel } from './plot-labels.js';
import {
  colourOfKind,
  drawBubble,
  drawLegend,
  drawPath,
  drawPicture,
  drawText,
  type Picture,
  type Scales,
  textWidth,
} from './plot-svg.js';
import { alphaText, grouped } from './units.js';

const SIZE = { width: 1200, height: 760 };
const PLOT = { left: 80, right: 1170, top: 130, bottom: 680 };
const RADII = { smallest: 4, largest: 22 };
/** How many of the slowest layers are named. */
const NAMED = 6;

type Point = LayerRecord & { readonly ms: number; readonly intensity: number; readonly gmacsPerSecond: number };

/**
 * GMAC/s against MACs for each byte, both on log axes, under what this machine can do: the SIMD ceiling, and memory
 * that is copied as fast as it goes. The area of a point is its time. Only layers that were steps of their own.
 */
export function plotRoofline(cost: CostRecord, { scaleLog, scaleSqrt }: Scales): Picture {
  const { network, alpha, resolution } = cost;
  const { ceiling, bandwidth, runtime } = cost.measured!;
  const points = cost.layers.filter((layer): layer is Point =>
    Boolean(layer.ms && layer.intensity && layer.gmacsPerSecond),
  );
  const title = `${network} α ${alphaText(alpha)}, ${resolution}×${resolution}: speed under the roofline`;
  const head = [
    drawText(PLOT.left, 36, title, { style: 'title' }),
    drawText(
      PLOT.left,
      62,
      `Area of a point: milliseconds; the slowest are numbered. Points above the slope work on cached data. One thread, ${runtime}.`,
    ),
  ];
  if (points.length === 0) return drawPicture(SIZE.width, SIZE.height, title, head);
  const intensities = points.map(({ intensity }) => intensity);
  const speeds = points.map(({ gmacsPerSecond }) => gmacsPerSecond);
  const x = scaleLog()
    .domain([Math.min(...intensities) / 1.6, Math.max(...intensities, ceiling / bandwidth) * 1.6])
    .range([PLOT.left, PLOT.right]);
  const y = scaleLog()
    .domain([Math.min(...speeds) / 1.6, Math.max(...speeds, ceiling) * 1.5])
    .range([PLOT.bottom, PLOT.top]);
  const radius = scaleSqrt()
    .domain([0, Math.max(...points.map(({ ms }) => ms))])
    .range([RADII.smallest, RADII.largest]);
  const kinds = [...new Set(points.map(({ kind }) => kind))];
  const at = (point: Point): Place => ({ x: x(point.intensity), y: y(point.gmacsPerSecond), radius: radius(point.ms) });
  const roof = findRoof(x, y, { ceiling, bandwidth });
  const ceilingName = `SIMD ceiling, ${ceiling.toFixed(1)} GMAC/s`;
  const slopeName = `dashed, left part: copying memory, ${bandwidth.toFixed(1)} GB/s`;
  return drawPicture(SIZE.width, SIZE.height, title, [
    ...head,
    ...drawLegend(PLOT.left, 96, kinds, kinds.map(colourOfKind)),
    ...drawAxes(
      PLOT,
      SIZE.height,
      {
        scale: x,
        nameOf: x.tickFormat(12, '~g'),
        caption: 'multiply-accumulates per byte of weights, input and output',
      },
      { scale: y, nameOf: y.tickFormat(8, '~g'), caption: 'GMAC/s' },
    ),
    drawPath(roof, 'dash'),
    drawText(PLOT.right - 4, y(ceiling) - 8, ceilingName, { anchor: 'end', style: 'small' }),
    drawText(PLOT.right - 4, 96, slopeName, { anchor: 'end', style: 'small' }),
    ...points.toSorted((a, b) => b.ms - a.ms).map((point) => drawPoint(point, at(point))),
    ...nameSlowest(points, at, [...boxesAlong(roof), boxOfName(ceilingName, y(ceiling) - 8)]),
  ]);
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

/** Memory's slope up to the ridge, then the ceiling. */
function findRoof(
  x: AxisScale,
  y: AxisScale,
  { ceiling, bandwidth }: { readonly ceiling: number; readonly bandwidth: number },
): [number, number][] {
  const [first, last] = x.domain() as [number, number];
  const [lowest] = y.domain() as [number, number];
  const start = Math.max(first, lowest / bandwidth);
  const ridge = Math.min(Math.max(ceiling / bandwidth, start), last);
  return [
    [x(start), y(Math.min(ceiling, start * bandwidth))],
    [x(ridge), y(Math.min(ceiling, ridge * bandwidth))],
    [x(last), y(ceiling)],
  ];
}

function drawPoint({ name, kind, macs, ms, gmacsPerSecond, intensity }: Point, { x, y, radius }: Place): string {
  const tip = [
    `${name} (${kind})`,
    `${grouped(macs)} MACs in ${ms} ms`,
    `${gmacsPerSecond.toFixed(1)} GMAC/s at ${intensity.toFixed(2)} MAC/byte`,
  ].join('\n');
  return drawBubble(x, y, radius, colourOfKind(kind), tip);
}

/** Of a name that ends at the right edge. */
function boxOfName(name: string, y: number): Box {
  const left = PLOT.right - 4 - textWidth(name, LABEL.size);
  return { left, right: PLOT.right, top: y - LABEL.height, bottom: y + 4 };
}

/** Numbers at the points, names in a column at the lower right: the points lie too close for names. */
function nameSlowest(points: readonly Point[], at: (point: Point) => Place, lines: readonly Box[]): string[] {
  const slowest = points.toSorted((a, b) => b.ms - a.ms).slice(0, NAMED);
  const names = slowest.map(({ name, ms }, index) => `${index + 1}  ${name.slice(-40)}, ${ms.toFixed(2)} ms`);
  const left = PLOT.right - Math.max(...names.map((name) => textWidth(name, LABEL.size))) - 8;
  const taken: Box[] = [
    ...lines,
    { left, right: PLOT.right, top: PLOT.bottom - 18 * (NAMED + 1), bottom: PLOT.bottom },
    ...points.map(at).map(({ x, y, radius }) => boxAround(x, y, radius)),
  ];
  const top = PLOT.bottom - 18 * slowest.length - 12;
  // The grid stays behind the names.
  const ground = `<rect class="ground" x="${left - 6}" y="${top}" width="${PLOT.right - left + 5}" height="${PLOT.bottom - top - 1}"/>`;
  const rows = slowest.flatMap((point, index) => {
    const box = placeLabel(at(point), String(index + 1), taken, PLOT);
    // Two numbers side by side would read as one.
    if (box) taken.push({ ...box, left: box.left - 5, right: box.right + 5 });
    const row = PLOT.bottom - 18 * (slowest.length - index) + 4;
    return [
      ...(box ? [drawText(box.left, box.bottom - 4, String(index + 1), { style: 'small' })] : []),
      drawText(left, row, elementAt(names, index), { style: 'small' }),
    ];
  });
  return [ground, ...rows];
}
