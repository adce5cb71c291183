import type { ScaleContinuousNumeric } from 'd3-scale';
import { drawLine, drawText } from './plot-svg.js';

/** Where the points of a plot lie, in pixels. */
export interface PlotArea {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export type AxisScale = ScaleContinuousNumeric<number, number>;

export interface Axis {
  readonly scale: AxisScale;
  /** Of a tick; empty for a grid line without a name. */
  readonly nameOf: (tick: number) => string;
  readonly caption: string;
}

/** Grid, ticks and captions. `bottom`: the lower edge of the picture. */
export function drawAxes(area: PlotArea, bottom: number, x: Axis, y: Axis): string[] {
  const parts: string[] = [];
  for (const tick of x.scale.ticks()) {
    const at = x.scale(tick);
    const name = x.nameOf(tick);
    parts.push(drawLine(at, area.top, at, area.bottom, 'grid'));
    if (name !== '') parts.push(drawText(at, area.bottom + 22, name, { anchor: 'middle' }));
  }
  for (const tick of y.scale.ticks()) {
    const at = y.scale(tick);
    const name = y.nameOf(tick);
    parts.push(drawLine(area.left, at, area.right, at, 'grid'));
    if (name !== '') parts.push(drawText(area.left - 10, at + 5, name, { anchor: 'end' }));
  }
  const [centerX, centerY] = [(area.left + area.right) / 2, (area.top + area.bottom) / 2];
  return [
    ...parts,
    drawLine(area.left, area.bottom, area.right, area.bottom, 'axis'),
    drawLine(area.left, area.top, area.left, area.bottom, 'axis'),
    drawText(centerX, bottom - 24, x.caption, { anchor: 'middle' }),
    drawText(24, centerY, y.caption, { anchor: 'middle', rotate: -90 }),
  ];
}
