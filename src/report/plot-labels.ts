import { elementAt } from '../errors/element-at.js';
import { textWidth } from './plot-svg.js';

export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Of the style `small`. */
export const LABEL = { height: 16, size: 12 };

export function boxAround(x: number, y: number, radius: number): Box {
  return { left: x - radius, right: x + radius, top: y - radius, bottom: y + radius };
}

/** Small boxes along a line, so that labels keep off it. */
export function boxesAlong(points: readonly (readonly [number, number])[]): Box[] {
  return points.slice(1).flatMap(([x2, y2], index) => {
    const [x1, y1] = elementAt(points, index);
    const count = Math.max(1, Math.ceil(Math.hypot(x2 - x1, y2 - y1) / 6));
    return Array.from({ length: count + 1 }, (_, step) => {
      const share = step / count;
      return boxAround(x1 + share * (x2 - x1), y1 + share * (y2 - y1), 3);
    });
  });
}

/** Beside, above or below the point, inside `frame`, wherever nothing is yet; undefined where there is no room. */
export function placeLabel(
  { x, y, radius }: Point,
  name: string,
  taken: readonly Box[],
  frame: Box,
  fits: (box: Box) => boolean = () => true,
): Box | undefined {
  const width = textWidth(name, LABEL.size);
  // Farther away it would seem to belong to another point.
  for (const away of [radius + 4, radius + 12]) {
    const corners: readonly (readonly [number, number])[] = [
      [x - width / 2, y - away - LABEL.height],
      [x + away, y - LABEL.height / 2],
      [x - away - width, y - LABEL.height / 2],
      [x - width / 2, y + away],
      [x - away - width, y - away - LABEL.height],
      [x + away, y - away - LABEL.height],
      [x + away, y + away],
    ];
    const free = corners
      .map(([left, top]) => ({ left, right: left + width, top, bottom: top + LABEL.height }))
      .find((box) => isInside(box, frame) && !taken.some((other) => overlap(box, other)) && fits(box));
    if (free) return free;
  }
  return undefined;
}

export interface PlacedLabel {
  readonly box: Box;
  /** From the point's edge to the label, where that is not beside it. */
  readonly leader?: readonly [readonly [number, number], readonly [number, number]];
}

const DIRECTIONS = 16;
const REACHES = [22, 34, 48, 64, 82, 104, 130];

export interface Point {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

/**
 * As `placeLabel` where no other point would lie nearer, else farther away with a line that leads there across no
 * other label.
 */
export function placeLabelFar(
  point: Point,
  name: string,
  {
    points,
    labels,
    taken,
  }: { readonly points: readonly Point[]; readonly labels: readonly Box[]; readonly taken: readonly Box[] },
  frame: Box,
): PlacedLabel | undefined {
  const near = placeLabel(point, name, taken, frame, (box) => {
    const own = distance(point, box);
    return points.every((other) => (other.x === point.x && other.y === point.y) || distance(other, box) > own);
  });
  if (near) return { box: near };
  const width = textWidth(name, LABEL.size);
  for (const reach of REACHES) {
    for (let step = 0; step < DIRECTIONS; step++) {
      // Upwards first: most of what is drawn lies below the newest point.
      const angle = (2 * Math.PI * step) / DIRECTIONS - Math.PI / 2;
      const [towardsX, towardsY] = [Math.cos(angle), Math.sin(angle)];
      const x = point.x + (point.radius + reach) * towardsX;
      const y = point.y + (point.radius + reach) * towardsY;
      const left = x + (width / 2) * (towardsX - 1);
      const top = y + (LABEL.height / 2) * (towardsY - 1);
      const box = { left, right: left + width, top, bottom: top + LABEL.height };
      if (!isInside(box, frame) || taken.some((other) => overlap(box, other))) continue;
      const from = [point.x + point.radius * towardsX, point.y + point.radius * towardsY] as const;
      // Widths are upper bounds: the text ends before its box does.
      const to = [clamp(point.x, box.left, box.left + 0.85 * width), clamp(point.y, box.top, box.bottom)] as const;
      if (boxesAlong([from, to]).some((part) => labels.some((other) => overlap(part, other)))) continue;
      return { box, leader: [from, to] };
    }
  }
  return undefined;
}

/** From a point's edge to the middle of a box. */
function distance({ x, y, radius }: Point, box: Box): number {
  return Math.hypot((box.left + box.right) / 2 - x, (box.top + box.bottom) / 2 - y) - radius;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

function isInside(box: Box, frame: Box): boolean {
  return box.left > frame.left && box.right < frame.right && box.top > frame.top && box.bottom < frame.bottom;
}

export function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
