import { UsageError } from '../errors/errors.js';
import type { Layer, LayerPadding, PaddingConvention, Pads, Shape } from './types.js';

/** All numbers of a layer's window. */
export interface Window {
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
}

type WindowedLayer = Extract<Layer, { readonly kernelSize: number }>;

/** The window of a convolution or pool; undefined for layers without one. */
export function windowOf(layer: WindowedLayer | Extract<Layer, { readonly kind: 'pointwise' }>): Window;
export function windowOf(layer: Layer): Window | undefined;
export function windowOf(layer: Layer): Window | undefined {
  switch (layer.kind) {
    case 'conv':
    case 'depthwise': {
      const { dilation = 1 } = layer;
      const { dilationWidth = dilation } = layer;
      return windowWith(layer, dilation, dilationWidth);
    }
    case 'maxPool':
    case 'averagePool':
      return windowWith(layer);
    case 'pointwise':
      return windowWith({ kernelSize: 1, stride: layer.stride });
    default:
      return undefined;
  }
}

function windowWith(
  layer: Pick<WindowedLayer, 'kernelSize' | 'kernelWidth' | 'stride' | 'strideWidth'>,
  dilationHeight = 1,
  dilationWidth = 1,
): Window {
  const { kernelSize, kernelWidth = kernelSize, stride, strideWidth = stride } = layer;
  return {
    kernelHeight: kernelSize,
    kernelWidth,
    strideHeight: stride,
    strideWidth,
    dilationHeight,
    dilationWidth,
  };
}

/** Where a window lies on a map: the size of the output, and the zeros around the input. */
export interface PlacedWindow {
  readonly height: number;
  readonly width: number;
  readonly pads: Pads;
}

/**
 * @param convention how `same` is meant
 * @throws UsageError where no window fits on the map that `resolution` leaves
 */
export function placeWindow(
  where: string,
  input: Shape,
  window: Window,
  padding: LayerPadding,
  { resolution, convention }: { readonly resolution: number; readonly convention: PaddingConvention },
): PlacedWindow {
  const explicit = typeof padding === 'object' ? padding : undefined;
  const rule = padding === 'same' ? convention : 'explicit';
  const vertical = placeAxis(
    input.height,
    { kernelSize: window.kernelHeight, stride: window.strideHeight, dilation: window.dilationHeight },
    rule,
    explicit?.top,
    explicit?.bottom,
  );
  const horizontal = placeAxis(
    input.width,
    { kernelSize: window.kernelWidth, stride: window.strideWidth, dilation: window.dilationWidth },
    rule,
    explicit?.left,
    explicit?.right,
  );
  if (vertical.output < 1 || horizontal.output < 1) {
    const rows = (window.kernelHeight - 1) * window.dilationHeight + 1;
    const columns = (window.kernelWidth - 1) * window.dilationWidth + 1;
    throw new UsageError({
      where,
      problem: `resolution ${resolution} leaves a ${input.height} × ${input.width} map here`,
      expected: `at least the ${rows} × ${columns} of its window`,
    });
  }
  const pads = { top: vertical.before, bottom: vertical.after, left: horizontal.before, right: horizontal.after };
  return { height: vertical.output, width: horizontal.output, pads };
}

/** Positions of a window along one axis, and the zeros before and after the data. */
export interface AxisWindow {
  readonly output: number;
  readonly before: number;
  readonly after: number;
}

/**
 * Output size and padding of one axis, together. TensorFlow: output = ceil(input / stride), just enough zeros, the
 * odd one after the data. PyTorch: floor(size / 2) on both sides. Keras at stride 2: size − 2 after the data. Explicit: as
 * given, 0 by default. size: what the window spans, (kernelSize − 1) · dilation + 1.
 */
export function placeAxis(
  input: number,
  window: { readonly kernelSize: number; readonly stride: number; readonly dilation?: number },
  convention: PaddingConvention | 'explicit',
  before = 0,
  after = 0,
): AxisWindow {
  const { kernelSize, stride, dilation = 1 } = window;
  const size = (kernelSize - 1) * dilation + 1;
  if (convention === 'tensorflow' || (convention === 'keras' && stride !== 2)) {
    const output = Math.ceil(input / stride);
    const total = Math.max((output - 1) * stride + size - input, 0);
    const first = Math.floor(total / 2);
    return { output, before: first, after: total - first };
  }
  const half = Math.floor(size / 2);
  let [first, last] = [before, after];
  if (convention === 'pytorch') [first, last] = [half, half];
  else if (convention === 'keras') [first, last] = [0, Math.max(size - 2, 0)];
  return { output: Math.floor((input + first + last - size) / stride) + 1, before: first, after: last };
}
