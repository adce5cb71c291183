import type { Window } from './naive.js';

export interface Case extends Window {
  readonly name: string;
}

/** A window over a map, its output's size from the pads on both sides (pad = [before, after], for both axes). */
function windowCase(
  inHeight: number,
  inWidth: number,
  channels: number,
  kernelSize: number,
  stride: number,
  [before, after]: readonly [number, number],
): Case {
  const extent = (size: number) => Math.floor((size + before + after - kernelSize) / stride) + 1;
  return {
    name: `${inHeight}×${inWidth}×${channels} kernel ${kernelSize} stride ${stride} pads ${before},${after}`,
    inHeight,
    inWidth,
    channels,
    outHeight: extent(inHeight),
    outWidth: extent(inWidth),
    kernelSize,
    stride,
    padTop: before,
    padLeft: before,
  };
}

/** Maps from one pixel to several tiles of columns with tails, every stride and every padding in use. */
export function windowCases(channels: readonly number[], kernelSizes: readonly number[]): Case[] {
  const cases: Case[] = [];
  for (const kernelSize of kernelSizes) {
    const half = (kernelSize - 1) >> 1;
    const pads = [
      [0, 0],
      [half, half],
      [half, Math.max(half - 1, 0)],
      [Math.max(half - 1, 0), half],
      [kernelSize - 1, kernelSize - 1],
      // windows wholly outside of the map
      [kernelSize + 2, kernelSize + 1],
    ] as const;
    for (const stride of [1, 2, 3]) {
      for (const pad of pads) {
        for (const [height, width] of [
          [1, 1],
          [2, 3],
          [3, 2],
          [4, 7],
          [7, 7],
          [8, 8],
          [5, 13],
          [6, 20],
        ] as const) {
          for (const channel of channels) {
            const shape = windowCase(height, width, channel, kernelSize, stride, pad);
            if (shape.outHeight >= 1 && shape.outWidth >= 1) cases.push(shape);
          }
        }
      }
    }
  }
  return [...new Map(cases.map((shape) => [shape.name, shape])).values()];
}

/** Windows that are not square, with strides of their own for rows and columns, and with gaps. */
export function generalCases(channels: readonly number[]): Case[] {
  const cases: Case[] = [];
  for (const [kernelSize, kernelWidth] of [
    [1, 3],
    [3, 1],
    [2, 5],
    [5, 3],
    [3, 3],
    [5, 5],
  ] as const) {
    for (const [stride, strideWidth] of [
      [1, 1],
      [2, 1],
      [1, 2],
      [2, 2],
      [3, 2],
    ] as const) {
      for (const [dilation, dilationWidth] of [
        [1, 1],
        [2, 2],
        [1, 3],
        [2, 1],
      ] as const) {
        for (const [padTop, padBottom, padLeft, padRight] of [
          [0, 0, 0, 0],
          [1, 2, 3, 0],
          [5, 0, 1, 4],
        ] as const) {
          for (const [inHeight, inWidth] of [
            [9, 14],
            [4, 3],
          ] as const) {
            const outHeight =
              Math.floor((inHeight + padTop + padBottom - (kernelSize - 1) * dilation - 1) / stride) + 1;
            const outWidth =
              Math.floor((inWidth + padLeft + padRight - (kernelWidth - 1) * dilationWidth - 1) / strideWidth) + 1;
            if (outHeight < 1 || outWidth < 1) continue;
            for (const channel of channels) {
              const name = `${inHeight}×${inWidth}×${channel} kernel ${kernelSize}×${kernelWidth} strides ${stride}, ${strideWidth} dilation ${dilation}, ${dilationWidth} pads ${padTop}, ${padLeft}`;
              const window = { kernelSize, kernelWidth, stride, strideWidth, dilation, dilationWidth, padTop, padLeft };
              cases.push({ name, inHeight, inWidth, channels: channel, outHeight, outWidth, ...window });
            }
          }
        }
      }
    }
  }
  return cases;
}
