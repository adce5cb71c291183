import type { Bench } from './load.js';
import { completeWindow, convWindow, type Window } from './naive.js';

export interface DirectConv {
  readonly window: Window;
  readonly outChannels: number;
  /** Output rows of one go. */
  readonly chunkRows: number;
  readonly clamp: readonly [number, number];
  readonly panelChannels?: number;
  readonly inOfGroup?: number;
  readonly outOfGroup?: number;
}

/** A call of `conv_direct_f32` with scratch memory of the very size that it asks for, or none where no window needs it. */
export function directConv(
  bench: Bench,
  output: number,
  input: number,
  weights: number,
  { window: w, outChannels, chunkRows, clamp, ...grouping }: DirectConv,
): () => void {
  const { kernelHeight, kernelWidth, stride, strideWidth, dilation, dilationWidth } = completeWindow(w);
  const span = (count: number, step: number, kernel: number, gap: number) =>
    (count - 1) * step + (kernel - 1) * gap + 1;
  const width = span(w.outWidth, strideWidth, kernelWidth, dilationWidth);
  const isInside =
    w.padTop === 0 &&
    w.padLeft === 0 &&
    width <= w.inWidth &&
    span(w.outHeight, stride, kernelHeight, dilation) <= w.inHeight;
  const scratchBytes = 4 * span(chunkRows, stride, kernelHeight, dilation) * width * w.channels;
  const scratch = isInside ? 0 : bench.reserve(scratchBytes);
  const { panelChannels = w.channels, inOfGroup = w.channels, outOfGroup = outChannels } = grouping;
  const maps = [w.inHeight, w.inWidth, w.channels, w.outHeight, w.outWidth] as const;
  return () =>
    bench.kernels.conv_direct_f32(
      output,
      input,
      weights,
      scratch,
      ...maps,
      outChannels,
      outChannels,
      0,
      chunkRows,
      ...convWindow(w),
      panelChannels,
      inOfGroup,
      outOfGroup,
      ...clamp,
    );
}
