import { expect, it } from 'vitest';
import { foldBatchNorm } from '../../src/engine/fold.js';
import { fuse, type Operation } from '../../src/engine/fuse.js';
import type { Levels, ValueLevels } from '../../src/engine/int8/levels.js';
import { roundForPictures } from '../../src/engine/int8/picture-weights.js';
import { loadKernels } from '../../src/engine/kernels.js';
import { createSession } from '../../src/engine/session.js';
import { withPicture } from '../../src/models/integers.js';
import { buildNetwork } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import { NETWORK_INPUT, type Network, type ResolvedNetwork } from '../../src/networks/types.js';
import { seededWeights } from '../../src/use-cases/seeded-weights.js';
import { toFloat32 } from '../../src/weights/half.js';
import type { NetworkWeights } from '../../src/weights/types.js';
import { type Channels, NARROW_MAX, requantise, roundTo, WIDE_MAX } from '../kernels/integers.js';
import { calibrated, EPSILON, picture, withoutSoftmax } from './calibrated.js';
import { linear, plain, stem } from './layer-cases.js';

const { fround } = Math;
const FLOAT_OUTPUT = 16;
const LARGEST_RESULT = 1e7;

const largestOf = ({ wide }: ValueLevels) => (wide ? WIDE_MAX : NARROW_MAX);

function quantise(values: Float32Array, levels: ValueLevels): Int32Array {
  const channels = levels.scale.length;
  return Int32Array.from(values, (value, i) => {
    const c = i % channels;
    const level = fround(fround(value * fround(1 / levels.scale[c]!)) + levels.zero[c]!);
    return roundTo(level, 0, largestOf(levels));
  });
}

/**
 * Integer weights [terms][channels] and what makes outputs of sums, as DESIGN.md says; `depthwise`: a channel for itself.
 * `ofPicture`: the weights are rounded as `roundForPictures` does, which has tests of its own.
 */
function quantiseWeights(
  { clamp }: Operation,
  data: { weights: Float32Array; bias: Float32Array },
  from: ValueLevels,
  to: ValueLevels | undefined,
  residual: ValueLevels | undefined,
  { depthwise, ofPicture, inWords }: Record<'depthwise' | 'ofPicture' | 'inWords', boolean>,
): { weights: Int32Array; channels: Channels } {
  const count = data.bias.length;
  const terms = data.weights.length / count;
  const most = from.wide ? Math.min(2 ** 14 - 1, Math.floor(2 ** 30 / (WIDE_MAX * terms))) : 127;
  const weights = new Int32Array(data.weights.length);
  const channels: Channels = {
    bias: new Int32Array(count),
    multiplier: new Float32Array(count),
    zero: new Int32Array(count),
    second: new Float32Array(count),
    highest: new Int32Array(count),
  };
  const inputOf = (k: number, n: number) => (depthwise ? n : k % from.scale.length);
  const steps = Float32Array.from({ length: count }, (_, n) => {
    let largest = 0;
    for (let k = 0; k < terms; k++) {
      largest = Math.max(largest, Math.abs(data.weights[k * count + n]! * from.scale[inputOf(k, n)]!));
    }
    return Math.max(fround(largest / most), Math.abs(data.bias[n]!) / 2 ** 29, 1e-20);
  });
  const words = to && inWords ? scaleInWords(steps, data.bias, to, terms * most * largestOf(from)) : undefined;
  const exact = ofPicture ? toFloat32(roundForPictures(data.weights, steps, from.scale, most)) : data.weights;
  for (let n = 0; n < count; n++) {
    const step = steps[n]!;
    let bias = data.bias[n]!;
    let zeros = 0;
    let sizes = 0;
    for (let k = 0; k < terms; k++) {
      const weight = exact[k * count + n]!;
      const c = inputOf(k, n);
      const scaled = weight * from.scale[c]!;
      const levels = Math.floor((depthwise ? scaled / step : scaled * fround(1 / step)) + 0.5);
      const integer = Math.max(-most, Math.min(most, levels));
      weights[k * count + n] = integer;
      zeros += integer * from.zero[c]!;
      sizes += Math.abs(integer);
      bias += (weight - (integer * step) / from.scale[c]!) * from.mean[c]!;
    }
    const shift = residual ? (residual.zero[n]! * residual.scale[n]!) / step : 0;
    const half = words ? Math.floor(2 ** words.shift[n]! / 2) : 0;
    channels.bias[n] = Math.round(bias / step - zeros - shift) + half;
    // a result that no rounding could bring back to an integer must not occur, whatever the map holds
    const limit = LARGEST_RESULT / (sizes * largestOf(from) + Math.abs(channels.bias[n]!));
    channels.multiplier[n] = to ? Math.min(step * (1 / to.scale[n]!), limit) : step;
    if (!to) continue;
    channels.zero[n] = to.zero[n]!;
    channels.second[n] = residual ? residual.scale[n]! / to.scale[n]! : 0;
    channels.highest[n] = Math.min(largestOf(to), Math.round(clamp[1] / to.scale[n]! + to.zero[n]!));
  }
  return { weights, channels: words ? { ...channels, words } : channels };
}

/** Changes `steps` so that multipliers are whole numbers. `largest`: of sums without bias. */
function scaleInWords(steps: Float32Array, bias: Float32Array, to: ValueLevels, largest: number): Channels['words'] {
  const shift = Array.from(steps, () => -1);
  const multiplier = Array.from(steps, () => 0);
  for (let first = 0; first < steps.length; first += 8) {
    const panel = Array.from(steps.subarray(first, first + 8), (_, lane) => first + lane);
    const most = panel.map((n) => {
      const reach = Math.max(NARROW_MAX - to.zero[n]!, to.zero[n]!) / (steps[n]! / to.scale[n]!);
      return Math.min(reach, largest + Math.abs(bias[n]! / steps[n]!));
    });
    const found = [0, 2, 4].find((each) => most.every((sum) => sum < 32767 * 2 ** each));
    if (found === undefined) continue;
    const exact = panel.map((n) => Math.ceil((steps[n]! / to.scale[n]!) * 2 ** (15 + found) - 1e-4));
    if (exact.some((each) => each > (found === 0 ? 32256 : 8192))) continue;
    panel.forEach((n, lane) => {
      shift[n] = found;
      multiplier[n] = exact[lane]!;
      steps[n] = (exact[lane]! * to.scale[n]!) / 2 ** (15 + found);
    });
  }
  return { shift, multiplier, flag: 0 };
}

/** Runs a network of convolutions in integers by plain loops; every map, and the classifier's floats. */
function runIntegers(network: ResolvedNetwork, parameters: NetworkWeights, levels: Levels, input: Float32Array) {
  const maps = new Map<string, Int32Array>([['input', quantise(input, levels.values.get('input')!)]]);
  const floats = new Map<string, Float32Array>();
  let result = new Float32Array();
  for (const operation of fuse(network.layers)) {
    const { layer, output, inputs } = operation;
    const from = levels.values.get(inputs[0]!)!;
    const { height, width, channels: depth } = layer.inputShapes[0]!;
    if (layer.kind === 'globalAveragePool') {
      const map = maps.get(inputs[0]!)!;
      const means = Float32Array.from({ length: depth }, (_, c) => {
        let sum = 0;
        for (let i = c; i < map.length; i += depth) sum += map[i]!;
        return fround(fround(fround(sum / (height * width)) - from.zero[c]!) * from.scale[c]!);
      });
      floats.set(output, means);
      continue;
    }
    if (!['conv', 'pointwise', 'depthwise', 'dense'].includes(layer.kind)) throw new Error(`no ${layer.kind} here`);
    const { weights: data, bias } = foldBatchNorm(parameters.get(layer.name)!, EPSILON);
    const link = operation.residual;
    const [to, residual] = [levels.values.get(output), link === undefined ? undefined : levels.values.get(link)];
    const depthwise = layer.kind === 'depthwise';
    const target = layer.kind === 'dense' ? undefined : to;
    const folded = { weights: toFloat32(data), bias };
    const { weights, channels } = quantiseWeights(operation, folded, from, target, residual, {
      depthwise,
      ofPicture: inputs[0] === NETWORK_INPUT,
      inWords: layer.kind !== 'conv' && target?.inWords === true && !target.wide && !from.wide && link === undefined,
    });
    const map = layer.kind === 'dense' ? quantise(floats.get(inputs[0]!)!, from) : maps.get(inputs[0]!)!;
    const size = 'kernelSize' in layer ? layer.kernelSize : 1;
    const stride = 'stride' in layer ? layer.stride : 1;
    const [top, left] = 'pads' in layer ? [layer.pads.top, layer.pads.left] : [0, 0];
    const shape = layer.outputShape;
    const values = new Float32Array(shape.height * shape.width * shape.channels);
    for (let i = 0; i < values.length; i++) {
      const n = i % shape.channels;
      const pixel = Math.floor(i / shape.channels);
      const [y, x] = [Math.floor(pixel / shape.width) * stride - top, (pixel % shape.width) * stride - left];
      let sum = channels.bias[n]!;
      for (let tap = 0; tap < size * size; tap++) {
        const [inY, inX] = [y + Math.floor(tap / size), x + (tap % size)];
        const inside = inY >= 0 && inY < height && inX >= 0 && inX < width;
        for (let c = depthwise ? n : 0; c < (depthwise ? n + 1 : depth); c++) {
          const value = inside ? map[(inY * width + inX) * depth + c]! : Math.round(from.zero[c]!);
          sum += value * weights[(depthwise ? tap : tap * depth + c) * shape.channels + n]!;
        }
      }
      const linked = link === undefined ? undefined : maps.get(link)![i];
      values[i] = requantise(sum, n, channels, linked, target ? 0 : FLOAT_OUTPUT);
    }
    if (target) maps.set(output, Int32Array.from(values));
    else result = values;
  }
  return result;
}

it.each([
  ['mobilenet_v1', 0.25, 64],
  ['mobilenet_v2', 0.35, 32],
  ['mobilenet_v2', 0.35, 45],
] as const)('%s α %d at %d in integers: the bits of plain loops', async (id, alpha, resolution) => {
  const classes = id === 'mobilenet_v1' ? 513 : 203;
  const network = resolve(withoutSoftmax(buildNetwork(id, { alpha, classes })), { resolution });
  const weights = seededWeights(network, 7);
  for (const isWide of [() => false, () => true, (_: string, index: number) => index % 2 === 0]) {
    const found = await calibrated(network, isWide);
    const levels = withPicture({ ...found, steps: new Map() }, network, {
      mean: [0.5, 0.45, 0.4],
      std: [0.5, 0.5, 0.6],
    });
    const input = picture(network, 1);
    const expected = runIntegers(network, weights, levels, input);
    for (const deterministic of [false, true]) {
      const session = await createSession(network, weights, EPSILON, { levels, deterministic });
      session.input.set(input);
      expect(Array.from(session.run())).toEqual(Array.from(expected));
    }
    expect(new Set(expected).size).toBeGreaterThan(100);
  }
});

/** Layers of 256 inputs and outputs on 49 pixels, which are multiplied by quarters wherever their input lies in words. */
const broad: Network = {
  id: 'broad',
  alpha: 1,
  classes: 513,
  inputChannels: 3,
  layers: [
    stem(256),
    { kind: 'pointwise', name: 'first', inputs: ['stem'], ...linear, outChannels: 256, stride: 1 },
    { kind: 'pointwise', name: 'second', inputs: ['first'], ...plain, outChannels: 264, stride: 1 },
    { kind: 'globalAveragePool', name: 'mean', inputs: ['second'] },
    {
      kind: 'dense',
      name: 'classes',
      inputs: ['mean'],
      batchNorm: false,
      bias: true,
      activation: 'linear',
      outChannels: 513,
    },
  ],
};

it.each([
  ['narrow', false],
  ['wide', true],
] as const)(
  '256 inputs and outputs, %s: the bits of plain loops, by quarters where the input lies in words',
  async (_, wide) => {
    const network = resolve(broad, { resolution: 7 });
    const weights = seededWeights(network, 7);
    const preprocessing = { mean: [0.5, 0.45, 0.4], std: [0.5, 0.5, 0.6] } as const;
    const levels = withPicture(
      { ...(await calibrated(network, () => wide)), steps: new Map() },
      network,
      preprocessing,
    );
    const input = picture(network, 1);
    const expected = Array.from(runIntegers(network, weights, levels, input));
    const { narrowBytes } = (await loadKernels()).constants;
    for (const deterministic of [false, true]) {
      const session = await createSession(network, weights, EPSILON, { levels, deterministic });
      const inWords = deterministic || narrowBytes === 2 || wide;
      const kernel = inWords ? 'pointwise_strassen_i8' : 'pointwise_i8';
      for (const layer of ['first', 'second']) {
        expect(session.plan.steps.find((step) => step.layer === layer)).toMatchObject({ kernel });
      }
      session.input.set(input);
      expect(Array.from(session.run())).toEqual(expected);
    }
    expect(new Set(expected).size).toBeGreaterThan(50);
  },
);
