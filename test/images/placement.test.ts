import { expect, it } from 'vitest';
import { type Preprocessing, resizeFilters } from '../../src/domain/preprocessing.js';
import { loadPixelKernels } from '../../src/engine/pixels.js';
import { inputArea } from '../../src/images/placement.js';
import { prepareDecoded } from '../../src/images/prepare.js';

const kernels = await loadPixelKernels();
const RESOLUTION = 32;

/** Red grows to the right, green downwards, one level for each pixel; blue is full everywhere. */
function ramp(width: number, height: number) {
  const data = new Uint8Array(width * height * 3).fill(255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data[3 * (y * width + x)] = x;
      data[3 * (y * width + x) + 1] = y;
    }
  }
  return { data, width, height };
}

const crops: readonly Pick<Preprocessing, 'crop' | 'resize'>[] = [
  { crop: 'center', resize: 36 },
  { crop: 'center', resize: 32 },
  { crop: 'center', resize: 24 },
  { crop: 'squash', resize: 32 },
];
const sizes = [
  [200, 150],
  [90, 250],
  [64, 64],
  [251, 40],
] as const;
const cases = resizeFilters.flatMap((filter) =>
  crops.flatMap((how) => sizes.map(([width, height]) => ({ filter, ...how, width, height }))),
);

it.each(cases)(
  '$width × $height, $crop $resize, $filter: pixels of the input show that place of the picture',
  (each) => {
    const { width, height, ...how } = each;
    const preprocessing = { ...how, resolution: RESOLUTION, mean: [0, 0, 0], std: [1, 1, 1] } as const;
    const input = new Float32Array(RESOLUTION ** 2 * 3);
    prepareDecoded(ramp(width, height), preprocessing, input, kernels);
    const area = inputArea({ width, height }, preprocessing);
    let compared = 0;
    for (let row = 0; row < RESOLUTION; row++) {
      for (let column = 0; column < RESOLUTION; column++) {
        const [red, green, blue] = input.subarray(3 * (row * RESOLUTION + column)).map((value) => 255 * value);
        // The middle of pixel x is x + ½ from the edge.
        const x = area.x + ((column + 0.5) * area.width) / RESOLUTION - 0.5;
        const y = area.y + ((row + 0.5) * area.height) / RESOLUTION - 0.5;
        const [across, down] = [area.width / RESOLUTION, area.height / RESOLUTION];
        if (blue! < 128) {
          expect(x < 0 || y < 0 || x > width - 1 || y > height - 1).toBe(true);
          continue;
        }
        // Filters reach beyond the edges of a picture.
        const isNearEdge = (at: number, side: number, scale: number) => at < 3 * scale || at > side - 1 - 3 * scale;
        if (isNearEdge(x, width, across) || isNearEdge(y, height, down)) continue;
        const tolerance = 0.51;
        expect(Math.abs(red! - x)).toBeLessThanOrEqual(tolerance);
        expect(Math.abs(green! - y)).toBeLessThanOrEqual(tolerance);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(0);
  },
);
