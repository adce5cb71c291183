import { expect, it } from 'vitest';
import { describeBuilds, releaseBuilds } from './builds.js';
import { expectSums } from './compare.js';
import { directConv } from './direct.js';
import { packDepthwise, packPanels } from './layout.js';
import { Bench, randomFloats } from './load.js';
import {
  conv,
  convWindow,
  depthwise,
  globalAveragePool,
  maxPool,
  pointwise,
  poolWindow,
  type Sums,
  strassen,
} from './naive.js';
import { networks, type PlannedShape, plannedShapes, shapeName } from './network-shapes.js';

/**
 * Smaller maps of the same remainder by every tile of columns or pixels (30 is a multiple of 5 and 6, 8 of 2 and 4), and
 * for windows one column and row more, so that each network's channels, windows and pads meet even and odd maps.
 */
function reduce(shape: PlannedShape): PlannedShape[] {
  if (shape.kernel === 'pointwise_f32' || shape.kernel === 'global_average_pool_f32') {
    const pixels = shape.inWidth > 60 ? 6 + (shape.inWidth % 30) : Math.min(shape.inWidth, 13);
    return [{ ...shape, inWidth: pixels, outWidth: pixels }];
  }
  if (shape.kernel === 'pointwise_strassen_f32') {
    // The same remainder by tiles of 10 and 12.
    const pixels = 24 + ((shape.inWidth - 24) % 60);
    return [{ ...shape, inWidth: pixels, outWidth: pixels }];
  }
  const { kernelSize, stride, padTop, padLeft } = shape;
  const resized = (more: number): PlannedShape => {
    const inHeight = small(shape.inHeight) + more;
    const inWidth = small(shape.inWidth) + more;
    const below = Math.max(0, (shape.outHeight - 1) * stride + kernelSize - padTop - shape.inHeight);
    const right = Math.max(0, (shape.outWidth - 1) * stride + kernelSize - padLeft - shape.inWidth);
    const outHeight = Math.floor((inHeight + padTop + below - kernelSize) / stride) + 1;
    const outWidth = Math.floor((inWidth + padLeft + right - kernelSize) / stride) + 1;
    return { ...shape, inHeight, inWidth, outHeight, outWidth };
  };
  return [resized(0), resized(1)];
}

function small(size: number): number {
  return size > 14 ? 8 + (size % 8) : Math.min(size, 11);
}

const shapes = new Map<string, PlannedShape>();
for (const [id, resolution] of networks) {
  for (const shape of await plannedShapes(id, resolution)) {
    for (const reduced of reduce(shape)) shapes.set(shapeName(reduced), reduced);
  }
}

interface Operands {
  readonly input: Float32Array;
  readonly weights: Float32Array;
  readonly bias: Float32Array;
  readonly residual: Float32Array | undefined;
}

function operandsOf(shape: PlannedShape): Operands {
  const { kernel, inChannels, outChannels, kernelSize } = shape;
  const linear = kernel.startsWith('pointwise_') || kernel === 'conv_f32' || kernel === 'conv_direct_f32';
  return {
    input: randomFloats(shape.inHeight * shape.inWidth * inChannels, 1),
    weights: randomFloats(kernelSize ** 2 * inChannels * (linear ? outChannels : 1), 2),
    bias: randomFloats(outChannels, 3),
    residual: shape.residual ? randomFloats(shape.outHeight * shape.outWidth * outChannels, 4) : undefined,
  };
}

const references = new Map<PlannedShape, Sums>();

/** Computed once for all builds. */
function referenceOf(shape: PlannedShape, { input, weights, bias, residual }: Operands): Sums {
  let sums = references.get(shape);
  if (!sums) {
    const window = { ...shape, channels: shape.inChannels };
    if (shape.kernel === 'pointwise_f32') sums = pointwise(input, weights, bias, residual, shape.inWidth);
    else if (shape.kernel === 'pointwise_strassen_f32') sums = strassen(input, weights, bias, residual, shape.inWidth);
    else if (shape.kernel === 'conv_f32' || shape.kernel === 'conv_direct_f32')
      sums = conv(input, weights, bias, window);
    else if (shape.kernel === 'depthwise_f32') sums = depthwise(input, weights, bias, window);
    else if (shape.kernel === 'global_average_pool_f32') sums = globalAveragePool(input, shape.inWidth);
    else {
      const values = maxPool(input, window);
      sums = { values, magnitudes: new Float64Array(values.length) };
    }
    references.set(shape, sums);
  }
  return sums;
}

function testShapes(build: string): void {
  const bench = new Bench(build, 320);

  it.each([...shapes])('%s', (_, shape) => {
    const operands = operandsOf(shape);
    const sums = referenceOf(shape, operands);
    bench.clear();
    const input = bench.place(operands.input);
    const output = bench.reserve(sums.values.length * 4);
    const terms = compute(shape, operands, output, input);
    expectSums(bench.floats(output, sums.values.length), sums, terms, ...shape.clamp);
    expect(bench.strayWrite()).toBeUndefined();
  });

  /** Calls the kernel; returns how many roundings a value has seen at most. */
  function compute(shape: PlannedShape, { weights, bias, residual }: Operands, output: number, input: number): number {
    const { kernel, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = shape;
    const { kernelSize } = shape;
    const window = [...convWindow(shape), ...shape.clamp] as const;
    const kernels = bench.kernels;
    switch (kernel) {
      case 'pointwise_f32': {
        const panels = bench.place(packPanels(weights, bias));
        const residualAt = residual ? bench.place(residual) : 0;
        kernels.pointwise_f32(output, input, panels, residualAt, inWidth, inChannels, outChannels, ...shape.clamp);
        return inChannels + 2;
      }
      case 'pointwise_strassen_f32': {
        const panels = bench.place(packPanels(weights, bias));
        const residualAt = residual ? bench.place(residual) : 0;
        const scratch = bench.reserve(kernels.strassen_scratch_f32(inWidth, inChannels));
        const sizes = [inWidth, inChannels, outChannels, outChannels] as const;
        kernels.pointwise_strassen_f32(output, input, panels, residualAt, scratch, ...sizes, ...shape.clamp);
        return inChannels / 2 + 12;
      }
      case 'conv_f32': {
        const panels = bench.place(packPanels(weights, bias, 4));
        const scratch = bench.reserve(kernels.conv_scratch_f32(kernelSize, kernelSize, inChannels));
        const sizes = [inHeight, inWidth, inChannels, outWidth, outChannels, 0, outHeight] as const;
        kernels.conv_f32(output, input, panels, scratch, ...sizes, ...window);
        return kernelSize ** 2 * inChannels + 4;
      }
      case 'conv_direct_f32': {
        const panels = bench.place(packPanels(weights, bias));
        directConv(bench, output, input, panels, { ...shape, window: { ...shape, channels: inChannels } })();
        return kernelSize ** 2 * inChannels + 4;
      }
      case 'depthwise_f32': {
        const packed = bench.place(packDepthwise(weights, bias));
        const sizes = [inHeight, inWidth, inChannels, outWidth, 0, outHeight] as const;
        kernels.depthwise_f32(output, input, packed, ...sizes, ...window);
        return kernelSize ** 2 + 1;
      }
      case 'max_pool_f32':
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
          ...shape.clamp,
        );
        return 0;
      case 'global_average_pool_f32':
        kernels.global_average_pool_f32(output, input, inWidth, inChannels);
        return inWidth;
      default:
        return kernel satisfies never;
    }
  }
}

describeBuilds('shapes of the networks', testShapes, releaseBuilds);

it('the networks’ shapes reach every kind of kernel, the widest layers and the largest windows', () => {
  const all = [...shapes.values()];
  expect(new Set(all.map(({ kernel }) => kernel)).size).toBe(7);
  expect(Math.max(...all.map(({ outChannels }) => outChannels))).toBe(2048);
  expect(
    all.some(({ kernel, kernelSize, stride }) => kernel === 'depthwise_f32' && kernelSize === 5 && stride === 2),
  ).toBe(true);
});
