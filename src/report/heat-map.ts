import type { ActivationMap } from '../domain/activation-map.js';
import type { Area } from '../domain/area.js';
import type { RgbPixels } from '../domain/image-input.js';
import { DIGIT_HEIGHT, digitsWidth, drawDigits } from './tiny-digits.js';

/** A cell with so many times the average evidence has the full colour, and so has one with more. The same for all pictures. */
export const FULL_COLOUR = 4;

/** Of the full colour over the picture. */
const OPACITY = 0.7;

/** Longer sides are drawn smaller, shorter ones larger, in pixels. */
const LONGEST_SIDE = 1024;
const SHORTEST_LONG_SIDE = 320;

type Colour = readonly [number, number, number];
const WEAK_FOR: Colour = [255, 190, 0];
const STRONG_FOR: Colour = [225, 0, 0];
const WEAK_AGAINST: Colour = [0, 190, 255];
const STRONG_AGAINST: Colour = [0, 0, 225];

/** What was cut off is dark, with lines through it. */
const UNSEEN_BRIGHTNESS = 0.4;
const HATCH_PERIOD = 10;
const HATCH_COLOUR: Colour = [120, 120, 120];
const EDGE_COLOUR: Colour = [255, 255, 255];

const BAR = { width: 200, height: 12, margin: 12, grey: 128 } as const;
const DIGIT_SCALE = 2;
const LEGEND_HEIGHT = 3 * BAR.margin + BAR.height + DIGIT_SCALE * DIGIT_HEIGHT - BAR.margin / 2;

/** The size that a picture is drawn at. */
export function drawnSize({ width, height }: Size): Size {
  const longest = Math.max(width, height);
  const scale = Math.min(LONGEST_SIDE / longest, Math.max(1, SHORTEST_LONG_SIDE / longest));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Heat {
  /** Undefined where there is nothing to see: the picture is drawn without colours. */
  readonly map: ActivationMap | undefined;
  /** Evidence of an average cell. */
  readonly average: number;
  /** What the cells together cover, and what the network saw, as shares of the picture's sides. */
  readonly covered: Area;
  readonly seen: Area;
}

/**
 * The picture in grey with the cells' evidence in colour, red for the class and blue against it, and a scale below. Between
 * the middles of cells colours change evenly.
 */
export function drawHeatMap(picture: RgbPixels, { map, average, covered, seen }: Heat): RgbPixels {
  const { width, height } = picture;
  const canvas = new Canvas(Math.max(width, BAR.width + 2 * BAR.margin), height + LEGEND_HEIGHT);
  const left = Math.floor((canvas.width - width) / 2);
  const at = (area: Area): Area => ({
    x: area.x * width,
    y: area.y * height,
    width: area.width * width,
    height: area.height * height,
  });
  const [cells, visible] = [at(covered), at(seen)];
  const evidenceAt = map && average > 0 ? interpolated(map, cells) : () => 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const grey = luminance(picture.data, 3 * (y * width + x));
      const colour = isInside(x, y, visible)
        ? heated(grey, evidenceAt(x + 0.5, y + 0.5) / (average || 1))
        : unseen(grey, x, y, visible);
      canvas.set(left + x, y, colour);
    }
  }
  drawScale(canvas, height);
  return canvas;
}

/** Values between the middles of cells; beyond the outermost middles theirs. */
function interpolated(map: ActivationMap, area: Area): (x: number, y: number) => number {
  const rows = map.length;
  const columns = map[0]!.length;
  return (x, y) => {
    const across = between(((x - area.x) / area.width) * columns - 0.5, columns);
    const down = between(((y - area.y) / area.height) * rows - 0.5, rows);
    const inRow = (row: readonly number[]) => mix(row[across.lower]!, row[across.upper]!, across.part);
    return mix(inRow(map[down.lower]!), inRow(map[down.upper]!), down.part);
  };
}

function between(position: number, count: number) {
  const inside = Math.min(Math.max(position, 0), count - 1);
  const lower = Math.floor(inside);
  return { lower, upper: Math.min(lower + 1, count - 1), part: inside - lower };
}

function mix(one: number, other: number, part: number): number {
  return one + (other - one) * part;
}

function mixColours(one: Colour, other: Colour, part: number): Colour {
  return [mix(one[0], other[0], part), mix(one[1], other[1], part), mix(one[2], other[2], part)];
}

function luminance(data: Uint8Array, at: number): number {
  return 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!;
}

/** @param times evidence, in units of an average cell's */
function heated(grey: number, times: number): Colour {
  const strength = Math.min(1, Math.abs(times) / FULL_COLOUR);
  const [weak, strong] = times >= 0 ? [WEAK_FOR, STRONG_FOR] : [WEAK_AGAINST, STRONG_AGAINST];
  return mixColours([grey, grey, grey], mixColours(weak, strong, strength), OPACITY * strength);
}

/** Pixels count by their middles. */
function isInside(x: number, y: number, area: Area): boolean {
  const [right, bottom] = [area.x + area.width, area.y + area.height];
  return x + 0.5 >= area.x && x + 0.5 < right && y + 0.5 >= area.y && y + 0.5 < bottom;
}

function unseen(grey: number, x: number, y: number, visible: Area): Colour {
  const around = { x: visible.x - 2, y: visible.y - 2, width: visible.width + 4, height: visible.height + 4 };
  if (isInside(x, y, around)) return EDGE_COLOUR;
  const dark = UNSEEN_BRIGHTNESS * grey;
  return (x + y) % HATCH_PERIOD === 0 ? mixColours([dark, dark, dark], HATCH_COLOUR, 0.7) : [dark, dark, dark];
}

/** The colours over grey, with their numbers: times the average cell. */
function drawScale(canvas: Canvas, top: number): void {
  const left = Math.floor((canvas.width - BAR.width) / 2);
  for (let x = 0; x < BAR.width; x++) {
    const times = FULL_COLOUR * ((2 * (x + 0.5)) / BAR.width - 1);
    for (let y = 0; y < BAR.height; y++) canvas.set(left + x, top + BAR.margin + y, heated(BAR.grey, times));
  }
  const below = top + BAR.margin + BAR.height;
  for (const times of [-FULL_COLOUR, -FULL_COLOUR / 2, 0, FULL_COLOUR / 2, FULL_COLOUR]) {
    const middle = left + Math.round((BAR.width * (times / FULL_COLOUR + 1)) / 2);
    for (let y = 0; y < BAR.margin / 4; y++) canvas.set(middle, below + y, [0, 0, 0]);
    const text = `${times > 0 ? '+' : ''}${times}x`;
    const start = middle - Math.round((DIGIT_SCALE * digitsWidth(text)) / 2);
    drawDigits(text, (x, y) => {
      for (let i = 0; i < DIGIT_SCALE ** 2; i++) {
        const [dx, dy] = [i % DIGIT_SCALE, Math.floor(i / DIGIT_SCALE)];
        canvas.set(start + DIGIT_SCALE * x + dx, below + BAR.margin / 2 + DIGIT_SCALE * y + dy, [0, 0, 0]);
      }
    });
  }
}

/** White at first. */
class Canvas implements RgbPixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.data = new Uint8Array(3 * width * height).fill(255);
  }

  set(x: number, y: number, [red, green, blue]: Colour): void {
    const at = 3 * (y * this.width + x);
    this.data[at] = red;
    this.data[at + 1] = green;
    this.data[at + 2] = blue;
  }
}
