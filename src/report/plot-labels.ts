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
    const [x1, y1] = points[index]!;
    const count = Math.max(1, Math.ceil(Math.hypot(x2 - x1, y2 - y1) / 6));
    return Array.from({ length: count + 1 }, (_, step) => {
      const share = step / count;
      return boxAround(x1 + share * (x2 - x1), y1 + share * (y2 - y1), 3);
    });
  });
}

/** Beside, above or below the point, inside `frame`, wherever nothing is yet; undefined where there is no room. */
export function placeLabel(
  { x, y, radius }: { readonly x: number; readonly y: number; readonly radius: number },
  name: string,
  taken: readonly Box[],
  frame: Box,
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
      .find((box) => isInside(box, frame) && !taken.some((other) => overlap(box, other)));
    if (free) return free;
  }
  return undefined;
}

function isInside(box: Box, frame: Box): boolean {
  return box.left > frame.left && box.right < frame.right && box.top > frame.top && box.bottom < frame.bottom;
}

export function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
