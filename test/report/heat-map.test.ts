import { describe, expect, it } from 'vitest';
import type { RgbPixels } from '../../src/domain/image-input.js';
import { drawHeatMap, drawnSize, FULL_COLOUR, type Heat } from '../../src/report/heat-map.js';

const SIDE = 300;
const whole = { x: 0, y: 0, width: 1, height: 1 };
const zeros = Array.from({ length: 5 }, () => [0, 0, 0, 0, 0]);

function grey(width: number, height: number, level = 100): RgbPixels {
  return { data: new Uint8Array(3 * width * height).fill(level), width, height };
}

function draw(heat: Partial<Heat>): RgbPixels {
  return drawHeatMap(grey(SIDE, SIDE), { map: zeros, average: 1, covered: whole, seen: whole, ...heat });
}

function at({ data, width }: RgbPixels, x: number, y: number): readonly number[] {
  return [...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)];
}

/** Where the picture is reddest, or bluest, the middle of all such pixels. */
function strongest(picture: RgbPixels, sign: 1 | -1) {
  let most = 0;
  let found: (readonly [number, number])[] = [];
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const [red, , blue] = at(picture, x, y) as [number, number, number];
      const strength = sign * (red - blue);
      if (strength > most) found = [];
      if (strength >= most) found.push([x, y]);
      most = Math.max(most, strength);
    }
  }
  const mean = (axis: 0 | 1) => found.reduce((sum, place) => sum + place[axis] + 0.5, 0) / found.length;
  return { x: mean(0), y: mean(1), most };
}

function withCell(row: number, column: number, value: number) {
  return zeros.map((cells, y) => cells.map((_, x) => (y === row && x === column ? value : 0)));
}

describe('drawHeatMap', () => {
  it.each([
    [1, 3],
    [2, 2],
    [3, 1],
  ])('is reddest in the middle of the strongest cell (%i, %i), without a shift', (row, column) => {
    const { x, y, most } = strongest(draw({ map: withCell(row, column, FULL_COLOUR) }), 1);
    expect(x).toBeCloseTo((column + 0.5) * (SIDE / 5), 6);
    expect(y).toBeCloseTo((row + 0.5) * (SIDE / 5), 6);
    expect(most).toBeGreaterThan(80);
  });

  it('is blue where evidence is negative, and grey where there is none', () => {
    const picture = draw({ map: withCell(1, 1, -FULL_COLOUR) });
    expect(strongest(picture, -1)).toMatchObject({ x: 90, y: 90 });
    expect(at(picture, 250, 250)).toEqual([100, 100, 100]);
  });

  it('has one scale: twice the evidence of all cells looks the same, twice the evidence of one does not', () => {
    const one = draw({ map: withCell(2, 2, 2), average: 1 });
    expect(draw({ map: withCell(2, 2, 4), average: 2 }).data).toEqual(one.data);
    expect(draw({ map: withCell(2, 2, 4), average: 1 }).data).not.toEqual(one.data);
    const all = (value: number) => draw({ map: zeros.map((cells) => cells.map(() => value)) }).data;
    expect(all(9 * FULL_COLOUR)).toEqual(all(FULL_COLOUR));
  });

  it('puts cells where the network saw them, and darkens and hatches the rest', () => {
    const seen = { x: 0.25, y: 0.5, width: 0.5, height: 0.5 };
    const picture = draw({ map: withCell(0, 0, FULL_COLOUR), covered: seen, seen });
    // Towards the corner colours stay as they are in the middle of the outermost cell.
    const { x, y } = strongest(picture, 1);
    expect([x, y]).toEqual([75 + 7.5, 150 + 7.5]);
    const outside = new Set<number>();
    for (let step = 0; step < 20; step++) outside.add(at(picture, 20 + step, 40)[0]!);
    expect([...outside].sort()).toEqual([40, 96]);
    // A line around what was seen.
    expect(at(picture, 74, 200)).toEqual([255, 255, 255]);
    expect(at(picture, 76, 290)).toEqual([100, 100, 100]);
  });

  it('draws no colours where there is nothing to see', () => {
    for (const heat of [{ map: undefined }, { map: withCell(1, 1, 5), average: 0 }]) {
      const { data } = draw(heat);
      expect(new Set(data.subarray(0, 3 * SIDE * SIDE))).toEqual(new Set([100]));
    }
  });

  it('has a scale with numbers below the picture, also below a narrow one', () => {
    const narrow = drawHeatMap(grey(3, 320), { map: zeros, average: 1, covered: whole, seen: whole });
    expect(narrow.width).toBeGreaterThan(200);
    expect(narrow.height).toBeGreaterThan(320);
    const below = narrow.data.subarray(3 * narrow.width * 320);
    const colours = new Set<string>();
    for (let pixel = 0; pixel < below.length; pixel += 3) colours.add(below.subarray(pixel, pixel + 3).join());
    expect(colours).toContain('0,0,0');
    expect(colours.size).toBeGreaterThan(100);
  });
});

it.each([
  [10000, 5000, 1024, 512],
  [20000, 3, 1024, 1],
  [800, 600, 800, 600],
  [3, 4, 240, 320],
  [1, 1, 320, 320],
])('%i × %i is drawn as %i × %i', (width, height, drawnWidth, drawnHeight) => {
  expect(drawnSize({ width, height })).toEqual({ width: drawnWidth, height: drawnHeight });
});
