import { expect, it } from 'vitest';
import { describeBuilds } from './builds.js';
import { Bench, randomFloats } from './load.js';

const { fround } = Math;

describeBuilds('kernels that never fuse', (build) => {
  const bench = new Bench(build);
  const plain = new Bench('kernels.wasm');

  it('pointwise_rounded_f32 rounds each product and each sum', () => {
    for (const [pixels, inChannels, outChannels] of [
      [1, 1, 8],
      [1, 37, 24],
      [3, 16, 8],
    ] as const) {
      for (const linked of [false, true]) {
        bench.clear();
        const input = randomFloats(pixels * inChannels, 1);
        const panels = randomFloats((inChannels + 1) * outChannels, 2);
        const residual = randomFloats(pixels * outChannels, 3);
        const inputAt = bench.place(input);
        const weightsAt = bench.place(panels);
        const residualAt = linked ? bench.place(residual) : 0;
        const outputAt = bench.reserve(4 * pixels * outChannels);
        const sizes = [pixels, inChannels, outChannels] as const;
        bench.kernels.pointwise_rounded_f32(outputAt, inputAt, weightsAt, residualAt, ...sizes, -1, 1.5);
        const expected = Array.from({ length: pixels * outChannels }, (_, i) => {
          const [pixel, n] = [Math.floor(i / outChannels), i % outChannels];
          const panel = Math.floor(n / 8) * 8 * (inChannels + 1) + (n % 8);
          let sum = panels[panel]!;
          for (let k = 0; k < inChannels; k++) {
            sum = fround(sum + fround(input[pixel * inChannels + k]! * panels[panel + 8 * (k + 1)]!));
          }
          if (linked) sum = fround(sum + residual[i]!);
          return Math.min(Math.max(sum, -1), 1.5);
        });
        expect(Array.from(bench.floats(outputAt, expected.length))).toEqual(expected);
        expect(bench.strayWrite()).toBeUndefined();
      }
    }
  });

  it('curves and softmax have the bits of the plain kernels', () => {
    for (const count of [4, 8, 36, 1000]) {
      const input = randomFloats(count, count).map((value) => 12 * value);
      const results = [bench, plain].map((each) => {
        each.clear();
        const inputAt = each.place(input);
        const outputs = [0, 1, 2].map(() => each.reserve(4 * count)) as [number, number, number];
        const { kernels } = each;
        if (each === bench) {
          kernels.activate_rounded_f32(outputs[0], inputAt, count, kernels.SIGMOID.value, 0, 0);
          kernels.activate_rounded_f32(outputs[1], inputAt, count, kernels.SWISH.value, 0, 0);
          kernels.softmax_rounded_f32(outputs[2], inputAt, count);
        } else {
          kernels.activate_f32(outputs[0], inputAt, count, kernels.SIGMOID.value, 0, 0);
          kernels.activate_f32(outputs[1], inputAt, count, kernels.SWISH.value, 0, 0);
          kernels.softmax_f32(outputs[2], inputAt, count);
        }
        expect(each.strayWrite()).toBeUndefined();
        return outputs.map((at) => each.floats(at, count));
      });
      expect(results[0]).toEqual(results[1]);
    }
  });
});
