import type { CostRecord, LayerRecord } from '../cost/describe.js';
import { elementAt } from '../errors/element-at.js';
import { type Box, boxAround, boxesAlong, LABEL, placeLabel } from './plot-labels.js';
import {
  colourOfKind,
  drawBubble,
  drawLegend,
  drawLine,
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
  const body = [...head, ...drawLegend(PLOT.left, 96, kinds, kinds.map(colourOfKind))];
  const nameX = x.tickFormat(12, '~g');
  for (const tick of x.ticks()) {
    body.push(drawLine(x(tick), PLOT.top, x(tick), PLOT.bottom, 'grid'));
    body.push(drawText(x(tick), PLOT.bottom + 22, nameX(tick), { anchor: 'middle' }));
  }
  const nameY = y.tickFormat(8, '~g');
  for (const tick of y.ticks()) {
    body.push(drawLine(PLOT.left, y(tick), PLOT.right, y(tick), 'grid'));
    body.push(drawText(PLOT.left - 10, y(tick) + 5, nameY(tick), { anchor: 'end' }));
  }
  body.push(drawLine(PLOT.left, PLOT.bottom, PLOT.right, PLOT.bottom, 'axis'));
  body.push(drawLine(PLOT.left, PLOT.top, PLOT.left, PLOT.bottom, 'axis'));
  const middle = (PLOT.left + PLOT.right) / 2;
  const caption = 'multiply-accumulates per byte of weights, input and output';
  body.push(drawText(middle, SIZE.height - 24, caption, { anchor: 'middle' }));
  body.push(drawText(24, (PLOT.top + PLOT.bottom) / 2, 'GMAC/s', { anchor: 'middle', rotate: -90 }));

  // The roof: memory's slope up to the ridge, then the ceiling.
  const [first, last] = x.domain() as [number, number];
  const [lowest] = y.domain() as [number, number];
  const start = Math.max(first, lowest / bandwidth);
  const ridge = Math.min(Math.max(ceiling / bandwidth, start), last);
  const roof: [number, number][] = [
    [x(start), y(Math.min(ceiling, start * bandwidth))],
    [x(ridge), y(Math.min(ceiling, ridge * bandwidth))],
    [x(last), y(ceiling)],
  ];
  body.push(drawPath(roof, 'dash'));
  const ceilingName = `SIMD ceiling, ${ceiling.toFixed(1)} GMAC/s`;
  body.push(drawText(PLOT.right - 4, y(ceiling) - 8, ceilingName, { anchor: 'end', style: 'small' }));
  const slopeName = `dashed, left part: copying memory, ${bandwidth.toFixed(1)} GB/s`;
  body.push(drawText(PLOT.right - 4, 96, slopeName, { anchor: 'end', style: 'small' }));

  for (const point of points.toSorted((a, b) => b.ms - a.ms)) {
    const tip = [
      `${point.name} (${point.kind})`,
      `${grouped(point.macs)} MACs in ${point.ms} ms`,
      `${point.gmacsPerSecond.toFixed(1)} GMAC/s at ${point.intensity.toFixed(2)} MAC/byte`,
    ].join('\n');
    const colour = colourOfKind(point.kind);
    body.push(drawBubble(x(point.intensity), y(point.gmacsPerSecond), radius(point.ms), colour, tip));
  }
  return drawPicture(SIZE.width, SIZE.height, title, [...body, ...nameSlowest(points)]);

  /** Numbers at the points, names in a column at the lower right: the points lie too close for names. */
  function nameSlowest(all: readonly Point[]): string[] {
    const slowest = all.toSorted((a, b) => b.ms - a.ms).slice(0, NAMED);
    const names = slowest.map(({ name, ms }, index) => `${index + 1}  ${name.slice(-40)}, ${ms.toFixed(2)} ms`);
    const left = PLOT.right - Math.max(...names.map((name) => textWidth(name, LABEL.size))) - 8;
    const roofName = y(ceiling) - 8;
    const taken: Box[] = [
      ...boxesAlong(roof),
      {
        left: PLOT.right - 4 - textWidth(ceilingName, LABEL.size),
        right: PLOT.right,
        top: roofName - LABEL.height,
        bottom: roofName + 4,
      },
      { left, right: PLOT.right, top: PLOT.bottom - 18 * (NAMED + 1), bottom: PLOT.bottom },
      ...all.map((point) => boxAround(x(point.intensity), y(point.gmacsPerSecond), radius(point.ms))),
    ];
    const top = PLOT.bottom - 18 * slowest.length - 12;
    // The grid stays behind the names.
    const ground = `<rect class="ground" x="${left - 6}" y="${top}" width="${PLOT.right - left + 5}" height="${PLOT.bottom - top - 1}"/>`;
    const rows = slowest.flatMap((point, index) => {
      const place = { x: x(point.intensity), y: y(point.gmacsPerSecond), radius: radius(point.ms) };
      const box = placeLabel(place, String(index + 1), taken, PLOT);
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
}
