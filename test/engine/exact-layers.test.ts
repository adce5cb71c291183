import { afterAll, describe, expect, it } from 'vitest';
import { createExactLanes } from '../../src/engine/exact/lanes.js';
import { createExactSession } from '../../src/engine/exact/session.js';
import { bindLane } from '../../src/engine/lanes.js';
import type {
  QuantisedGraph,
  QuantisedLayer,
  QuantisedMap,
  QuantisedPool,
  StoredRange,
} from '../../src/weights/quantised-graph.js';
import { realValues, storedValues } from './exact-golden.js';
import { runNaively } from './exact-naive.js';

type Random = (below: number) => number;

function random(seed: number): Random {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** One of several, each as often. */
function pick<T>(next: Random, values: readonly T[]): T {
  return values[next(values.length)]!;
}

function typeRange(signed: boolean): StoredRange {
  return signed ? [-128, 127] : [0, 255];
}

/** Zero points at both ends of the type and between, scales of about the size of networks' own. */
function drawMap(next: Random, height: number, width: number, channels: number, signed: boolean): QuantisedMap {
  const [low, high] = typeRange(signed);
  const zeroPoint = pick(next, [low, high, low + next(256)]);
  return { shape: { height, width, channels }, scale: Math.fround(0.001 + next(1000) / 20000), zeroPoint, signed };
}

/** The whole type, what ReLU leaves, or something narrower. */
function drawRange(next: Random, { signed, zeroPoint }: QuantisedMap): StoredRange {
  const [low, high] = typeRange(signed);
  return pick<StoredRange>(next, [
    [low, high],
    [zeroPoint, high],
    [low + next(64), high - next(64)],
  ]);
}

/** Multipliers for sums up to `largest`: usual ones, those far from 1 on either side, powers of 2 (halves are frequent), 0. */
function drawMultiplier(next: Random, largest: number): number {
  const usual = (300 + next(3000)) / largest;
  if (next(3) > 0) return usual;
  return pick(next, [2 ** -next(12), 2 ** -next(4), 2 ** -(13 + next(22)), 1.5 * 2 ** next(5), usual / 64, 0]);
}

/** Of the whole type, or within 2 of the zero point. */
function drawWeights(next: Random, count: number, signed: boolean, zero: number, small: boolean) {
  const [low, high] = typeRange(signed);
  const draw = () => {
    if (small) return Math.min(high, Math.max(low, zero + next(5) - 2));
    return next(8) === 0 ? pick(next, [low, high]) : low + next(256);
  };
  return signed ? Int8Array.from({ length: count }, draw) : Uint8Array.from({ length: count }, draw);
}

interface Window {
  readonly size: number;
  readonly stride: number;
  readonly before: number;
  readonly after: number;
}

function windowOf({ size, stride, before, after }: Window) {
  const pads = { top: before, left: before, bottom: after, right: after };
  return { kernelHeight: size, kernelWidth: size, stride, pads };
}

function outSize(size: number, window: Window): number {
  return Math.floor((size + window.before + window.after - window.size) / window.stride) + 1;
}

const windows: readonly Window[] = [
  { size: 1, stride: 1, before: 0, after: 0 },
  { size: 3, stride: 1, before: 1, after: 1 },
  { size: 3, stride: 2, before: 0, after: 1 },
  { size: 3, stride: 2, before: 1, after: 1 },
  { size: 3, stride: 1, before: 0, after: 0 },
  { size: 5, stride: 1, before: 2, after: 2 },
  { size: 2, stride: 2, before: 0, after: 0 },
  { size: 4, stride: 3, before: 2, after: 3 },
  { size: 1, stride: 2, before: 0, after: 0 },
];

/** A convolution after another that makes its map, so that the first reads the picture and the second a map. */
function linearGraph(seed: number, kind: 'conv' | 'depthwise'): QuantisedGraph {
  const next = random(seed);
  const window = windows[seed % windows.length]!;
  const signed = next(2) === 0;
  const [height, width] = [3 + next(9), 3 + next(9)];
  const channels = pick(next, [3, 8, 12, 33]);
  const outChannels = kind === 'depthwise' ? channels : pick(next, [1, 8, 17]);
  const maps = [
    drawMap(next, height, width, 3, signed),
    drawMap(next, height, width, channels, signed),
    drawMap(next, outSize(height, window), outSize(width, window), outChannels, signed),
  ];
  const layerOf = (
    input: number,
    each: Window,
    layerKind: 'conv' | 'depthwise',
    zero = signed ? 0 : pick(next, [0, 255, 100 + next(60)]),
  ): QuantisedLayer => {
    const output = maps[input + 1]!;
    const inputs = layerKind === 'depthwise' ? 1 : maps[input]!.shape.channels;
    const count = each.size ** 2 * inputs * output.shape.channels;
    const small = next(3) === 0;
    const largest = 255 * (small ? 2 : 128) * each.size ** 2 * inputs;
    const scales = signed ? output.shape.channels : 1;
    const size = pick(next, [1, 1, largest / 8, largest, 2 ** 30]);
    return {
      kind: layerKind,
      inputs: [input],
      output: input + 1,
      ...windowOf(each),
      weights: drawWeights(next, count, signed, zero, small),
      weightZeroPoint: zero,
      weightScales: Array(scales).fill(1),
      bias: next(5) === 0 ? undefined : Int32Array.from({ length: output.shape.channels }, () => next(2 * size) - size),
      multipliers: Array.from({ length: scales }, () => drawMultiplier(next, largest)),
      range: drawRange(next, output),
    };
  };
  const layers = [layerOf(0, windows[1]!, 'conv'), layerOf(1, window, kind)];
  return { where: `${kind} ${seed}`, maps, layers, input: 0, output: 2 };
}

function addGraph(seed: number): QuantisedGraph {
  const next = random(seed);
  const signed = next(2) === 0;
  const draw = () => drawMap(next, 5, 4, 11, signed);
  const [from, half, sum] = [draw(), draw(), draw()];
  const maps = [from, half, { ...sum, scale: Math.fround(sum.scale * pick(next, [1, 0.1, 30])) }];
  return {
    where: `add ${seed}`,
    maps,
    layers: [
      {
        ...{ kind: 'rescale', inputs: [0], output: 1, range: drawRange(next, half) },
        multiplier: pick(next, [from.scale / half.scale, 0.5, 1, 3]),
      },
      { kind: 'add', inputs: next(2) === 0 ? [0, 1] : [1, 0], output: 2, range: drawRange(next, sum) },
    ],
    input: 0,
    output: 2,
  };
}

function poolGraph(seed: number): QuantisedGraph {
  const next = random(seed);
  const window = windows[seed % windows.length]!;
  const signed = next(2) === 0;
  const from = drawMap(next, 7, 9, pick(next, [3, 16]), signed);
  const shape = { height: outSize(7, window), width: outSize(9, window), channels: from.shape.channels };
  const pooled = { ...from, shape };
  const mean = drawMap(next, 1, 1, shape.channels, signed);
  const kind: QuantisedPool['kind'] = next(2) === 0 ? 'averagePool' : 'maxPool';
  return {
    where: `pool ${seed}`,
    maps: [from, pooled, mean],
    layers: [
      { kind, inputs: [0], output: 1, ...windowOf(window), range: drawRange(next, pooled) },
      { kind: 'mean', inputs: [1], output: 2 },
    ],
    input: 0,
    output: next(2) === 0 ? 1 : 2,
  };
}

function drawInput({ shape, signed }: QuantisedMap, seed: number): number[] {
  const next = random(seed + 1000);
  const { height, width, channels } = shape;
  const [low, high] = typeRange(signed);
  return Array.from({ length: height * width * channels }, () =>
    next(6) === 0 ? pick(next, [low, high]) : low + next(256),
  );
}

function fromMap(map: QuantisedMap, values: readonly number[]): Uint8Array {
  return Uint8Array.from(values, (value) => (map.signed ? value & 255 : value));
}

const graphs: Readonly<Record<string, (seed: number) => QuantisedGraph>> = {
  conv: (seed) => linearGraph(seed, 'conv'),
  depthwise: (seed) => linearGraph(seed, 'depthwise'),
  add: addGraph,
  pool: poolGraph,
};

describe.each(Object.entries(graphs))('%s by its definition, in every way of running', (_, make) => {
  /** Different bytes of each result: constant ones prove little. */
  const variety: number[] = [];
  afterAll(() => expect(variety.filter((count) => count > 3).length).toBeGreaterThan(variety.length / 3));

  it.each(Array.from({ length: 90 }, (_, seed) => seed))('seed %i', async (seed) => {
    const graph = make(seed);
    const from = graph.maps[graph.input]!;
    const to = graph.maps[graph.output]!;
    const input = drawInput(from, seed);
    const expected = [...fromMap(to, runNaively(graph, input))];
    variety.push(new Set(expected).size);
    const picture = realValues(from, fromMap(from, input));
    for (const options of [{}, { deterministic: true }, { threads: 3 }]) {
      if (options.threads !== undefined && seed % 30 > 0) continue;
      const session = await createExactSession({ graph }, options);
      session.input.set(picture);
      expect([...storedValues(to, session.run())], JSON.stringify(options)).toEqual(expected);
      session.close();
    }
    if (seed % 5 > 0) return;
    for (const lane of await createExactLanes({ graph }, 2)) {
      expect([...storedValues(to, bindLane(lane).run(picture))], 'lane').toEqual(expected);
    }
  });
});
