import { RuntimeError } from '../errors/errors.js';
import { align } from './arena.js';
import { callKernel } from './kernel-signatures.js';
import { bindKernels, createMemory, loadKernels } from './kernels.js';

/** Products with one matrix X, [rows, columns], in memory twice: by rows, and in panels of 8 columns. */
export interface MatrixProducts {
  /** X · Wᵀ: [rows, outputs] of `weights`, [outputs, columns]. */
  times(weights: Float32Array, outputs: number): Float32Array;
  /** Rᵀ · X: [outputs, columns] of `factors` R, [rows, outputs]. */
  transposedTimes(factors: Float32Array, outputs: number): Float32Array;
}

const FLOAT = 4;
/** 2 GiB, as for plans. */
const MOST_BYTES = 2 ** 31 - 65536;

/**
 * Matrix products by the kernel of 1×1 convolutions: rows are pixels.
 * @param matrix [rows, columns]
 * @param most the largest number of outputs
 * @throws RuntimeError where the memory does not suffice
 */
export async function matrixProducts(
  matrix: { readonly rows: number; readonly columns: number; readonly data: Float32Array },
  most: number,
  { deterministic = false }: { readonly deterministic?: boolean } = {},
): Promise<MatrixProducts> {
  const kernels = await loadKernels(deterministic ? 'plain' : 'relaxed');
  const { heapBase, channelTile: tile } = kernels.constants;
  const { rows, columns, data } = matrix;
  const roundUp = (count: number) => Math.ceil(count / tile) * tile;
  const storedColumns = roundUp(columns);
  const storedOutputs = roundUp(most);
  const panelsBytes = (inputs: number, outputs: number) => FLOAT * outputs * (inputs + 1);

  let end = align(heapBase);
  const reserve = (bytes: number): number => {
    const address = end;
    end += align(bytes);
    return address;
  };
  const byRows = reserve(FLOAT * rows * columns);
  const byColumns = reserve(panelsBytes(rows, storedColumns));
  // One call at a time: the factors and the product of either kind lie in the same places.
  const factors = reserve(Math.max(panelsBytes(columns, storedOutputs), FLOAT * rows * most));
  const product = reserve(FLOAT * Math.max(rows * storedOutputs, most * storedColumns));
  if (end > MOST_BYTES) {
    throw new RuntimeError({
      where: `${rows} × ${columns} features`,
      problem: `need ${Math.ceil(end / 2 ** 20)} MiB`,
      expected: `at most ${MOST_BYTES / 2 ** 20} MiB`,
    });
  }
  const memory = createMemory(end);
  const bound = bindKernels(kernels, memory);
  const multiply = (input: number, weights: number, pixels: number, inChannels: number, outChannels: number): void => {
    const args = { output: product, input, weights, residual: 0, pixels, inChannels, outChannels };
    callKernel(bound, { kernel: 'pointwise_f32', args: { ...args, min: -Infinity, max: Infinity } });
  };
  const floats = (address: number, length: number) => new Float32Array(memory.buffer, address, length);
  floats(byRows, data.length).set(data);
  packPanels(floats(byColumns, panelsBytes(rows, storedColumns) / FLOAT), {
    inputs: rows,
    outputs: columns,
    tile,
    at: (input, output) => data[input * columns + output]!,
  });
  const unpadded = (outer: number, inner: number, stored: number): Float32Array => {
    const found = floats(product, outer * stored);
    const result = new Float32Array(outer * inner);
    for (let at = 0; at < outer; at++) result.set(found.subarray(at * stored, at * stored + inner), at * inner);
    return result;
  };
  return {
    times(weights, outputs) {
      const stored = roundUp(outputs);
      packPanels(floats(factors, panelsBytes(columns, stored) / FLOAT), {
        inputs: columns,
        outputs,
        tile,
        at: (input, output) => weights[output * columns + input]!,
      });
      multiply(byRows, factors, rows, columns, stored);
      return unpadded(rows, outputs, stored);
    },
    transposedTimes(given, outputs) {
      const transposed = floats(factors, rows * outputs);
      for (let at = 0; at < given.length; at++) {
        transposed[(at % outputs) * rows + Math.floor(at / outputs)] = given[at]!;
      }
      multiply(factors, byColumns, outputs, rows, storedColumns);
      return unpadded(outputs, columns, storedColumns);
    },
  };
}

interface PanelSource {
  readonly inputs: number;
  readonly outputs: number;
  readonly tile: number;
  at(input: number, output: number): number;
}

/** Panels of `tile` outputs: biases of 0, then `tile` weights for each input. */
function packPanels(target: Float32Array, { inputs, outputs, tile, at }: PanelSource): void {
  target.fill(0);
  for (let output = 0; output < outputs; output++) {
    const start = Math.floor(output / tile) * tile * (inputs + 1) + tile + (output % tile);
    for (let input = 0; input < inputs; input++) target[start + input * tile] = at(input, output);
  }
}
