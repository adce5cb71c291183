import type {
  QuantisedAdd,
  QuantisedConv,
  QuantisedDepthwise,
  QuantisedGraph,
  QuantisedLayer,
  QuantisedMap,
  QuantisedPool,
} from '../../src/weights/quantised-graph.js';

/** Stored values of a map: height × width × channels. */
export type Stored = readonly number[];

/** TFLite's `QuantizeMultiplier`. */
function quantise(real: number): { mantissa: bigint; shift: number } {
  if (real === 0) return { mantissa: 0n, shift: 0 };
  let shift = 0;
  let fraction = real;
  for (; fraction >= 1; fraction /= 2) shift++;
  for (; fraction < 0.5; fraction *= 2) shift--;
  let mantissa = Math.round(fraction * 2 ** 31);
  if (mantissa === 2 ** 31) {
    mantissa /= 2;
    shift++;
  }
  return shift < -31 ? { mantissa: 0n, shift: 0 } : { mantissa: BigInt(mantissa), shift };
}

/** gemmlowp's definitions, word for word in big integers. */
function multiply(value: bigint, mantissa: bigint, shift: number): bigint {
  const shifted = BigInt.asIntN(32, value << BigInt(Math.max(shift, 0)));
  const product = shifted * mantissa;
  const nudge = product >= 0n ? 1n << 30n : 1n - (1n << 30n);
  const high = (product + nudge) / (1n << 31n);
  const exponent = BigInt(Math.max(-shift, 0));
  const mask = (1n << exponent) - 1n;
  const remainder = high & mask;
  const threshold = (mask >> 1n) + (high < 0n ? 1n : 0n);
  return (high >> exponent) + (remainder > threshold ? 1n : 0n);
}

function rescale(value: number | bigint, real: number): number {
  const { mantissa, shift } = quantise(real);
  return Number(multiply(BigInt.asIntN(32, BigInt(value)), mantissa, shift));
}

function clip(value: number, [low, high]: readonly [number, number]): number {
  return Math.min(high, Math.max(low, value));
}

/** All layers by their definitions, one value after the other. */
export function runNaively(graph: QuantisedGraph, input: Stored): Stored {
  const maps = new Map<number, Stored>([[graph.input, input]]);
  for (const layer of graph.layers) {
    const inputs = layer.inputs.map((map) => ({ map: graph.maps[map]!, values: maps.get(map)! }));
    maps.set(layer.output, run(layer, inputs, graph.maps[layer.output]!));
  }
  return maps.get(graph.output)!;
}

interface Source {
  readonly map: QuantisedMap;
  readonly values: Stored;
}

function run(layer: QuantisedLayer, inputs: readonly Source[], output: QuantisedMap): Stored {
  const [source] = inputs as [Source];
  const { zeroPoint } = source.map;
  const type: [number, number] = output.signed ? [-128, 127] : [0, 255];
  switch (layer.kind) {
    case 'conv':
    case 'depthwise':
      return convolve(layer, source, output);
    case 'add':
      return add(layer, inputs as [Source, Source], output);
    case 'averagePool':
    case 'maxPool':
      return pool(layer, source, output);
    case 'rescale':
      return source.values.map((value) =>
        clip(rescale(value - zeroPoint, layer.multiplier) + output.zeroPoint, layer.range),
      );
    case 'mean':
      return mean(source, output, type);
    default:
      throw new Error(`no definition of ${layer.kind}`);
  }
}

/** Calls with every tap of the window at (y, x) that lies inside of the map: its place there and in the window. */
function eachTap(
  { kernelHeight, kernelWidth, stride, pads }: QuantisedConv | QuantisedDepthwise | QuantisedPool,
  { height, width }: { readonly height: number; readonly width: number },
  [y, x]: readonly [number, number],
  take: (pixel: number, tap: number) => void,
): void {
  for (let tap = 0; tap < kernelHeight * kernelWidth; tap++) {
    const inY = y * stride - pads.top + Math.floor(tap / kernelWidth);
    const inX = x * stride - pads.left + (tap % kernelWidth);
    if (inY >= 0 && inY < height && inX >= 0 && inX < width) take(inY * width + inX, tap);
  }
}

function eachOutput({ shape }: QuantisedMap, compute: (y: number, x: number, channel: number) => number): Stored {
  const { height, width, channels } = shape;
  return Array.from({ length: height * width * channels }, (_, at) => {
    const pixel = Math.floor(at / channels);
    return compute(Math.floor(pixel / width), pixel % width, at % channels);
  });
}

function convolve(layer: QuantisedConv | QuantisedDepthwise, { map, values }: Source, output: QuantisedMap): Stored {
  const { weights, weightZeroPoint, bias, multipliers, kernelHeight, kernelWidth } = layer;
  const { channels } = map.shape;
  const taps = kernelHeight * kernelWidth;
  return eachOutput(output, (y, x, channel) => {
    let sum = bias?.[channel] ?? 0;
    eachTap(layer, map.shape, [y, x], (pixel, tap) => {
      const depthwise = layer.kind === 'depthwise';
      const [from, count] = depthwise ? [channel, 1] : [0, channels];
      for (let index = 0; index < count; index++) {
        const at = depthwise ? tap * channels + channel : (channel * taps + tap) * channels + index;
        sum += (values[pixel * channels + from + index]! - map.zeroPoint) * (weights[at]! - weightZeroPoint);
      }
    });
    const multiplier = multipliers[multipliers.length === 1 ? 0 : channel]!;
    return clip(rescale(sum, multiplier) + output.zeroPoint, layer.range);
  });
}

function add(layer: QuantisedAdd, [a, b]: readonly [Source, Source], output: QuantisedMap): Stored {
  const largest = 2 * Math.max(a.map.scale, b.map.scale);
  return a.values.map((value, at) => {
    const terms = [
      rescale(BigInt(value - a.map.zeroPoint) << 20n, a.map.scale / largest),
      rescale(BigInt(b.values[at]! - b.map.zeroPoint) << 20n, b.map.scale / largest),
    ] as const;
    const sum = rescale(terms[0] + terms[1], largest / (2 ** 20 * output.scale));
    return clip(sum + output.zeroPoint, layer.range);
  });
}

function pool(layer: QuantisedPool, { map, values }: Source, output: QuantisedMap): Stored {
  return eachOutput(output, (y, x, channel) => {
    const found: number[] = [];
    eachTap(layer, map.shape, [y, x], (pixel) => found.push(values[pixel * map.shape.channels + channel]!));
    if (layer.kind === 'maxPool') return clip(Math.max(...found), layer.range);
    const sum = found.reduce((total, value) => total + value, 0);
    const half = Math.trunc(found.length / 2);
    return clip(Math.trunc((sum > 0 ? sum + half : sum - half) / found.length), layer.range);
  });
}

function mean({ map, values }: Source, output: QuantisedMap, type: readonly [number, number]): Stored {
  const { height, width, channels } = map.shape;
  const pixels = height * width;
  const { mantissa, shift } = quantise(map.scale / output.scale);
  const headroom = Math.min(31 - Math.clz32(pixels), 32, 31 + shift);
  const divided = (mantissa << BigInt(headroom)) / BigInt(pixels);
  return Array.from({ length: channels }, (_, channel) => {
    let sum = 0n;
    for (let pixel = 0; pixel < pixels; pixel++) sum += BigInt(values[pixel * channels + channel]! - map.zeroPoint);
    return clip(Number(multiply(sum, divided, shift - headroom)) + output.zeroPoint, type);
  });
}
