import { align } from './arena.js';
import { panelsBytes } from './int8/layouts.js';
import { callKernel } from './kernel-signatures.js';
import { bindKernels, createMemory, loadKernels } from './kernels.js';

/** Products of rows of small integers, by the integer kernel of 1×1 convolutions; exact. */
export interface IntegerProducts {
  /** Rows that `times` takes at once. */
  readonly mostRows: number;
  /** Rows that `setOutputs` takes at once. */
  readonly mostOutputs: number;
  /**
   * Sets the rows on one side.
   * @param read writes row n into `row`: `columns` numbers from −127 to 127
   */
  setOutputs(count: number, read: (n: number, row: Int8Array<ArrayBuffer>) => void): void;
  /**
   * Multiplies those with `count` rows on the other side.
   * @param read writes row n into `row`: `columns` numbers from 0 to 127
   * @returns [count, stride], of which the first outputs are there; valid until the next call
   */
  times(
    count: number,
    read: (n: number, row: Uint8Array) => void,
  ): { readonly sums: Float32Array; readonly stride: number };
  /** Ends threads, if there are any. */
  close(): void;
}

/** So much of the outputs' side is packed at once, unless that were fewer than 8 rows; with the rows and the sums it fits caches. */
const OUTPUTS = 512;
const ROWS = 256;
const MOST_BYTES = 16 * 1024 * 1024;

/**
 * @param columns numbers in a row, at most 65,536: sums stay below 2³¹
 * @param threads that share as much work as is taken at once; this one alone does what is less
 * @throws RuntimeError where the memory does not suffice, in `times` where a thread fails
 */
export async function integerProducts(columns: number, threads = 1): Promise<IntegerProducts> {
  const kernels = await loadKernels();
  const { constants } = kernels;
  const {
    heapBase,
    channelTile: tile,
    narrowBytes,
    headerBytes,
    header,
    floatOutput,
    narrowInBytes,
    noActivation,
  } = constants;
  const stored = Math.ceil(columns / tile) * tile;
  const panelBytes = panelsBytes(stored, tile, narrowBytes, constants);
  const most = (count: number) =>
    Math.max(tile, Math.min(count, Math.floor(MOST_BYTES / (stored * narrowBytes) / tile) * tile));
  const mostOutputs = most(OUTPUTS);
  const mostRows = most(ROWS);

  const panels = align(heapBase);
  const inputs = align(panels + (mostOutputs / tile) * panelBytes);
  const outputs = align(inputs + mostRows * stored * narrowBytes);
  const memory = createMemory(outputs + 4 * mostRows * mostOutputs);
  const bound = bindKernels(kernels, memory);
  const call = (pixels: number, outChannels: number) => {
    const maps = { output: outputs, input: inputs, weights: panels, residual: 0 };
    const sizes = { pixels, inChannels: stored, outChannels };
    const args = { ...maps, ...sizes, format: floatOutput | narrowInBytes, activation: noActivation };
    return { kernel: 'pointwise_i8', args } as const;
  };
  const crew = threads > 1 ? (await import('./pool.js')).startCrew(threads) : undefined;
  const strides = { output: 4 * mostOutputs, input: stored * narrowBytes };
  const whole = { ...call(mostRows, mostOutputs), strides, layer: 'products', scratchBytes: 0 };
  const pool = crew?.assign({ steps: [whole] }, kernels, memory);

  const weights = narrowBytes === 1 ? new Int8Array(memory.buffer) : new Int16Array(memory.buffer);
  const row = new Int8Array(columns);
  /** Integers of one output's lane that are successive inputs. */
  const lane = 4 / narrowBytes;
  let stride = tile;
  return {
    mostRows,
    mostOutputs,
    setOutputs(count, read) {
      // The threads run one plan, of all outputs: a few rows of zeros cost less than running without them.
      stride = pool && count > 0.75 * mostOutputs ? mostOutputs : Math.ceil(count / tile) * tile;
      for (let output = 0; output < stride; output++) {
        if (output < count) read(output, row);
        else row.fill(0);
        const panel = panels + Math.floor(output / tile) * panelBytes;
        // Biases of 0; nothing is scaled.
        new Float32Array(memory.buffer, panel + header.multipliers + 4 * (output % tile), 1)[0] = 1;
        let to = (panel + headerBytes) / narrowBytes + (output % tile) * lane;
        for (let input = 0; input < columns; input += lane, to += tile * lane) {
          for (let k = 0; k < lane; k++) weights[to + k] = input + k < columns ? row[input + k]! : 0;
        }
      }
    },
    times(count, read) {
      const bytes = new Uint8Array(memory.buffer, inputs, mostRows * stored);
      for (let n = 0; n < count; n++) read(n, bytes.subarray(n * stored, n * stored + columns));
      if (narrowBytes === 2) widen(bytes, new Int16Array(memory.buffer, inputs, mostRows * stored), count * stored);
      if (pool && count === mostRows && stride === mostOutputs) pool.run();
      else callKernel(bound, call(count, stride));
      return { sums: new Float32Array(memory.buffer, outputs, count * stride), stride };
    },
    close: () => crew?.close(),
  };
}

/** In place, from the end: a word lies on bytes that have been read. */
function widen(bytes: Uint8Array, words: Int16Array, count: number): void {
  for (let at = count - 1; at >= 0; at--) words[at] = bytes[at]!;
}
