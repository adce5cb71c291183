import { Bench, randomFloats } from '../kernels/load.js';

/**
 * `npx tsx test/bench/kernels.ts [PART…]`: each distinct layer shape of MobileNet v1 1.0/224 by itself, then all layers in
 * their order on one arena. Times are medians in ms; GMAC/s = 10⁹ multiply-accumulates per second. PART: pointwise,
 * depthwise, conv, whole (all if none is named).
 */
interface Layer {
  readonly kind: 'conv' | 'depthwise' | 'pointwise';
  readonly size: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly stride: number;
  readonly repeats: number;
}

/** Howard et al. 2017 (arXiv:1704.04861), table 1; `size` is the input's side. */
const layers: Layer[] = [
  { kind: 'conv', size: 224, inChannels: 3, outChannels: 32, stride: 2, repeats: 1 },
  { kind: 'depthwise', size: 112, inChannels: 32, outChannels: 32, stride: 1, repeats: 1 },
  { kind: 'pointwise', size: 112, inChannels: 32, outChannels: 64, stride: 1, repeats: 1 },
  { kind: 'depthwise', size: 112, inChannels: 64, outChannels: 64, stride: 2, repeats: 1 },
  { kind: 'pointwise', size: 56, inChannels: 64, outChannels: 128, stride: 1, repeats: 1 },
  { kind: 'depthwise', size: 56, inChannels: 128, outChannels: 128, stride: 1, repeats: 1 },
  { kind: 'pointwise', size: 56, inChannels: 128, outChannels: 128, stride: 1, repeats: 1 },
  { kind: 'depthwise', size: 56, inChannels: 128, outChannels: 128, stride: 2, repeats: 1 },
  { kind: 'pointwise', size: 28, inChannels: 128, outChannels: 256, stride: 1, repeats: 1 },
  { kind: 'depthwise', size: 28, inChannels: 256, outChannels: 256, stride: 1, repeats: 1 },
  { kind: 'pointwise', size: 28, inChannels: 256, outChannels: 256, stride: 1, repeats: 1 },
  { kind: 'depthwise', size: 28, inChannels: 256, outChannels: 256, stride: 2, repeats: 1 },
  { kind: 'pointwise', size: 14, inChannels: 256, outChannels: 512, stride: 1, repeats: 1 },
  { kind: 'depthwise', size: 14, inChannels: 512, outChannels: 512, stride: 1, repeats: 5 },
  { kind: 'pointwise', size: 14, inChannels: 512, outChannels: 512, stride: 1, repeats: 5 },
  { kind: 'depthwise', size: 14, inChannels: 512, outChannels: 512, stride: 2, repeats: 1 },
  { kind: 'pointwise', size: 7, inChannels: 512, outChannels: 1024, stride: 1, repeats: 1 },
  { kind: 'depthwise', size: 7, inChannels: 1024, outChannels: 1024, stride: 1, repeats: 1 },
  { kind: 'pointwise', size: 7, inChannels: 1024, outChannels: 1024, stride: 1, repeats: 1 },
  { kind: 'pointwise', size: 1, inChannels: 1024, outChannels: 1000, stride: 1, repeats: 1 },
];

const RUNS = 15;
const bench = new Bench('kernels.wasm', 1024);
const { kernels } = bench;

const outSize = (layer: Layer) => Math.ceil(layer.size / layer.stride);

function macs(layer: Layer): number {
  const pixels = outSize(layer) ** 2;
  if (layer.kind === 'depthwise') return pixels * layer.inChannels * 9;
  return pixels * layer.inChannels * layer.outChannels * (layer.kind === 'conv' ? 9 : 1);
}

function weightFloats(layer: Layer): number {
  if (layer.kind === 'depthwise') return layer.inChannels * 10;
  const depth = layer.kind === 'conv' ? Math.ceil((9 * layer.inChannels) / 4) * 4 : layer.inChannels;
  return (depth + 1) * layer.outChannels;
}

/** A function that runs the layer once. */
function prepare(layer: Layer, input: number, output: number, weights: number, scratch: number): () => void {
  const { kind, size, inChannels, outChannels, stride } = layer;
  const out = outSize(layer);
  // TensorFlow SAME: the odd row goes to the bottom and right
  const pad = Math.floor(Math.max((out - 1) * stride + 3 - size, 0) / 2);
  switch (kind) {
    case 'pointwise':
      return () => kernels.pointwise_f32(output, input, weights, 0, size * size, inChannels, outChannels, 0, 6);
    case 'depthwise': {
      const shape = [size, size, inChannels, out, 0, out, 3, stride, pad, pad] as const;
      return () => kernels.depthwise_f32(output, input, weights, ...shape, 0, 6);
    }
    case 'conv': {
      const shape = [size, size, inChannels, out, outChannels, 0, out, 3, stride, pad, pad] as const;
      return () => kernels.conv_f32(output, input, weights, scratch, ...shape, 0, 6);
    }
  }
}

/** Median of RUNS timings of at least 4 ms each, in ms per call, once the code is optimised. */
function time(run: () => void): number {
  const started = performance.now();
  let calls = 0;
  do run();
  while (++calls < 20 || performance.now() - started < 100);
  const batch = Math.max(1, Math.ceil((4 * calls) / (performance.now() - started)));
  const times: number[] = [];
  for (let i = 0; i < RUNS; ++i) {
    const start = performance.now();
    for (let j = 0; j < batch; ++j) run();
    times.push((performance.now() - start) / batch);
  }
  return times.sort((a, b) => a - b)[RUNS >> 1]!;
}

function print(name: string, ms: number, count: number): void {
  console.log(`${name.padEnd(34)} ${ms.toFixed(3).padStart(8)} ms ${(count / ms / 1e6).toFixed(1).padStart(6)} GMAC/s`);
}

const parts = process.argv.slice(2);
const wants = (part: string) => parts.length === 0 || parts.includes(part);

for (const kind of ['conv', 'depthwise', 'pointwise'] as const) {
  if (!wants(kind)) continue;
  let totalMs = 0;
  let totalMacs = 0;
  for (const layer of layers.filter((each) => each.kind === kind)) {
    bench.clear();
    const { size, inChannels, outChannels, stride, repeats } = layer;
    const input = bench.place(randomFloats(size * size * inChannels, 1));
    const weights = bench.place(randomFloats(weightFloats(layer), 2));
    const scratch = bench.reserve(kernels.conv_scratch_f32(3, inChannels));
    const output = bench.reserve(outSize(layer) ** 2 * outChannels * 4);
    const ms = time(prepare(layer, input, output, weights, scratch));
    print(`${kind} ${size}×${size}×${inChannels} → ${outChannels} s${stride} ×${repeats}`, ms, macs(layer));
    totalMs += ms * repeats;
    totalMacs += macs(layer) * repeats;
  }
  print(`all ${kind}`, totalMs, totalMacs);
}

if (wants('whole')) {
  bench.clear();
  const order: Layer[] = [];
  let pair: Layer[] = [];
  for (const layer of layers) {
    if (layer.kind === 'conv' || layer.size === 1) {
      order.push(layer);
      continue;
    }
    pair.push(layer);
    if (layer.kind === 'pointwise') {
      for (let i = 0; i < layer.repeats; ++i) order.push(...pair);
      pair = [];
    }
  }
  const picture = bench.place(randomFloats(224 * 224 * 3, 1));
  const scratch = bench.reserve(kernels.conv_scratch_f32(3, 3));
  const maps = [bench.reserve(112 * 112 * 64 * 4), bench.reserve(112 * 112 * 64 * 4)];
  const steps = order.map((layer, i) => {
    // He-uniform weights keep the values of all layers in range
    const scale = Math.sqrt(6 / (layer.kind === 'pointwise' ? layer.inChannels : 9));
    const values = randomFloats(weightFloats(layer), i).map((value) => value * scale);
    const weights = bench.place(values);
    if (layer.size !== 1) return prepare(layer, i ? maps[i & 1]! : picture, maps[(i + 1) & 1]!, weights, scratch);
    const dense = prepare(layer, maps[(i + 1) & 1]!, maps[i & 1]!, weights, scratch);
    return () => {
      kernels.global_average_pool_f32(maps[(i + 1) & 1]!, maps[i & 1]!, 49, 1024);
      dense();
      kernels.softmax_f32(maps[(i + 1) & 1]!, maps[i & 1]!, 1000);
    };
  });
  const ms = time(() => {
    for (const step of steps) step();
  });
  print(
    'whole network',
    ms,
    order.reduce((sum, layer) => sum + macs(layer), 0),
  );
}
