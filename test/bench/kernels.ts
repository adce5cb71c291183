/**
 * npx tsx test/bench/kernels.ts [MODEL…] [--kernel NAME] [--build FILE]
 * Each distinct kernel call of the networks' plans by itself, on maps of their own: `npm run bench -- --shapes` measures
 * them between the others. Least of many timings in ms; GMAC/s = 10⁹ multiply-accumulates a second. FILE: one of
 * build/*.wasm.
 */
import { parseArgs } from 'node:util';
import { alignColumns } from '../../src/report/columns.js';
import { directConv } from '../kernels/direct.js';
import { Bench, randomFloats } from '../kernels/load.js';
import { convWindow, poolWindow } from '../kernels/naive.js';
import { networks, type PlannedShape, plannedShapes, shapeName } from '../kernels/network-shapes.js';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kernel: { type: 'string' },
    build: { type: 'string', default: 'kernels.wasm' },
  },
});

const WARM_UP_MS = 60;
const RUNS = 40;
const MEMORY_PAGES = 2048;

const bench = new Bench(flags.build, MEMORY_PAGES);
const { kernels } = bench;

function macsOf(shape: PlannedShape): number {
  const { kernel, outHeight, outWidth, outChannels, inChannels, kernelSize } = shape;
  const values = outHeight * outWidth * outChannels;
  if (kernel.startsWith('pointwise_') || kernel.startsWith('conv_')) return values * inChannels * kernelSize ** 2;
  return kernel === 'depthwise_f32' ? values * kernelSize ** 2 : 0;
}

/** A function that makes the call once. */
function prepare(shape: PlannedShape): () => void {
  const { kernel, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, clamp } = shape;
  const { kernelSize } = shape;
  bench.clear();
  const input = bench.place(randomFloats(inHeight * inWidth * inChannels, 1));
  const output = bench.reserve(outHeight * outWidth * outChannels * 4);
  const residual = shape.residual ? bench.place(randomFloats(outWidth * outChannels, 2)) : 0;
  const linear = kernel.startsWith('pointwise_') || kernel === 'conv_f32' || kernel === 'conv_direct_f32';
  // biases, and for a convolution at most 3 inputs more than there are
  const rows = kernelSize ** 2 * (linear ? inChannels : 1) + 4;
  const weights = bench.place(randomFloats(rows * outChannels, 3));
  const window = [...convWindow(shape), ...clamp] as const;
  switch (kernel) {
    case 'pointwise_f32':
      return () => kernels.pointwise_f32(output, input, weights, residual, inWidth, inChannels, outChannels, ...clamp);
    case 'pointwise_strassen_f32': {
      const scratch = bench.reserve(kernels.strassen_scratch_f32(inWidth, inChannels));
      const sizes = [inWidth, inChannels, outChannels, outChannels] as const;
      return () => kernels.pointwise_strassen_f32(output, input, weights, residual, scratch, ...sizes, ...clamp);
    }
    case 'conv_f32': {
      const scratch = bench.reserve(kernels.conv_scratch_f32(kernelSize, kernelSize, inChannels));
      const sizes = [inHeight, inWidth, inChannels, outWidth, outChannels, 0, outHeight] as const;
      return () => kernels.conv_f32(output, input, weights, scratch, ...sizes, ...window);
    }
    case 'conv_direct_f32':
      return directConv(bench, output, input, weights, { ...shape, window: { ...shape, channels: inChannels } });
    case 'depthwise_f32': {
      const sizes = [inHeight, inWidth, inChannels, outWidth, 0, outHeight] as const;
      return () => kernels.depthwise_f32(output, input, weights, ...sizes, ...window);
    }
    case 'max_pool_f32':
      return () =>
        kernels.max_pool_f32(
          output,
          input,
          inHeight,
          inWidth,
          inChannels,
          outWidth,
          0,
          outHeight,
          ...poolWindow(shape),
          ...clamp,
        );
    case 'global_average_pool_f32':
      return () => kernels.global_average_pool_f32(output, input, inWidth, inChannels);
    default:
      return kernel satisfies never;
  }
}

/** The least of RUNS timings of at least 0.2 ms each, in ms a call, once the code is optimised. */
function time(run: () => void): number {
  const started = performance.now();
  let calls = 0;
  do run();
  while (++calls < 8 || performance.now() - started < WARM_UP_MS);
  const batch = Math.ceil((0.2 * calls) / (performance.now() - started));
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < RUNS; ++i) {
    const start = performance.now();
    for (let j = 0; j < batch; ++j) run();
    least = Math.min(least, (performance.now() - start) / batch);
  }
  return least;
}

for (const [id, resolution] of networks) {
  if (positionals.length > 0 && !positionals.includes(id)) continue;
  const places = new Map<string, { shape: PlannedShape; count: number }>();
  for (const shape of await plannedShapes(id, resolution)) {
    if (flags.kernel !== undefined && shape.kernel !== flags.kernel) continue;
    const name = shapeName(shape);
    places.set(name, { shape, count: (places.get(name)?.count ?? 0) + 1 });
  }
  const rows = [...places].map(([name, { shape, count }]) => {
    const ms = time(prepare(shape));
    return { name, count, ms, macs: macsOf(shape) };
  });
  const totalMs = rows.reduce((sum, { ms, count }) => sum + ms * count, 0);
  const totalMacs = rows.reduce((sum, { macs, count }) => sum + macs * count, 0);
  const cells = rows.map(({ name, count, ms, macs }) => [name, `×${count}`, ms.toFixed(3), speed(macs, ms)]);
  const table = alignColumns(
    [['call', '', 'ms', 'GMAC/s'], ...cells, ['all', '', totalMs.toFixed(3), speed(totalMacs, totalMs)]],
    ['left', 'right', 'right', 'right'],
  );
  console.log(`${id} ${resolution} · ${flags.build} · Node.js ${process.version}\n${table.join('\n')}\n`);
}

function speed(macs: number, ms: number): string {
  return macs > 0 ? (macs / ms / 1e6).toFixed(1) : '–';
}
