import { align } from './arena.js';
import { bindKernels, createMemory, type KernelFlavour, type Kernels, loadKernels } from './kernels.js';

/** The loops of `assembly/ceiling.ts`: vectors of four accumulators as a tile of rows × columns. */
export const ceilingLoops = [
  { kernel: 'ceiling_f32_6', rows: 3, columns: 2 },
  { kernel: 'ceiling_f32_8', rows: 4, columns: 2 },
  { kernel: 'ceiling_f32_10', rows: 5, columns: 2 },
  { kernel: 'ceiling_f32_12', rows: 6, columns: 2 },
] as const satisfies readonly { kernel: keyof Kernels; rows: number; columns: number }[];

/** Those of `assembly/ceiling-i8.ts`; macs: in a vector. Bytes are multiplied where narrow integers are bytes. */
export const integerCeilingLoops = [
  { kernel: 'ceiling_i16_8', rows: 4, columns: 2, macs: 8, bytes: false },
  { kernel: 'ceiling_i16_10', rows: 5, columns: 2, macs: 8, bytes: false },
  { kernel: 'ceiling_dot_8', rows: 4, columns: 2, macs: 16, bytes: true },
  { kernel: 'ceiling_dot_12', rows: 6, columns: 2, macs: 16, bytes: true },
] as const satisfies readonly { kernel: keyof Kernels; rows: number; columns: number; macs: number; bytes: boolean }[];

/** A meter for what SIMD multiply and add can reach here with its operands in the first-level cache. */
export interface Ceiling {
  /** Runs each loop once, about 2 ms altogether. Spread between the runs of what is compared with the ceiling. */
  sample(): void;
  /** The fastest sample of the fastest loop so far, in 10⁹ multiply-accumulates a second. */
  gmacsPerSecond(): number;
}

const LANES = 4;
const VECTOR_BYTES = 16;
const DEPTH = 32;
/** Long enough for the clock, short enough to fit between two runs. */
const MACS_PER_SAMPLE = 12e6;

/** One thread's ceiling for floats or integers; `flavour` is that of the network's kernels. */
export async function createCeiling(flavour?: KernelFlavour, dtype: 'f32' | 'int8' = 'f32'): Promise<Ceiling> {
  const module = await loadKernels(flavour);
  const loops =
    dtype === 'f32'
      ? ceilingLoops.map((loop) => ({ ...loop, macs: LANES }))
      : integerCeilingLoops.filter(({ bytes }) => !bytes || module.constants.fusesBytes);
  const longest = Math.max(...loops.map(({ rows, columns }) => Math.max(rows * columns, DEPTH * rows)));
  const area = align(longest * VECTOR_BYTES);
  const output = align(module.constants.heapBase);
  const left = output + area;
  const right = left + area;
  const memory = createMemory(right + area);
  const kernels = bindKernels(module, memory);
  // For floats: small enough that no sum overflows, far from the denormal numbers, which take their own time. To integers all are alike.
  new Float32Array(memory.buffer, left, (2 * area) / 4).fill(1 / 1024);
  let best = 0;
  return {
    sample() {
      for (const { kernel, rows, columns, macs: perVector } of loops) {
        const macs = DEPTH * rows * columns * perVector;
        const repeats = Math.ceil((MACS_PER_SAMPLE * perVector) / LANES / macs);
        const start = performance.now();
        kernels[kernel](output, left, right, DEPTH, repeats);
        best = Math.max(best, (macs * repeats) / (performance.now() - start) / 1e6);
      }
    },
    gmacsPerSecond: () => best,
  };
}
