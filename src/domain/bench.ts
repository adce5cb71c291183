/** How fast one network ran. The order of the fields is that of the JSON output. */
export interface BenchRecord {
  readonly network: string;
  readonly alpha: number;
  /** Side of the network's square input in pixels. */
  readonly resolution: number;
  /** The one that the weights were trained at; null where nothing says it, or the weights are random. */
  readonly trainedResolution: number | null;
  readonly dtype: 'f32' | 'int8';
  readonly threads: number;
  /** Milliseconds that one picture took. */
  readonly ms: { readonly min: number; readonly median: number; readonly p95: number };
  /** Multiply-accumulates of convolutions and dense layers for one picture. */
  readonly macs: number;
  /** 10⁹ multiply-accumulates a second at the median. */
  readonly gmacsPerSecond: number;
  /**
   * Of the SIMD ceiling of the dtype measured between the runs, times the threads, 0…1. For integers it is that of the
   * narrowest that the kernels multiply: bytes where the processor and Node.js multiply them with one instruction, else words.
   */
  readonly ceilingShare: number;
  /** One entry for each step of the plan, in order. */
  readonly layers?: readonly BenchLayer[];
}

/** One step of the plan, measured by itself in its place between the others, on one thread. */
export interface BenchLayer {
  /** The last layer folded into the step. */
  readonly layer: string;
  /** Of those layers the one that multiplies and adds. */
  readonly mainLayer: string;
  readonly kernel: string;
  /** Median, milliseconds. */
  readonly ms: number;
  /** Of all layers folded into the step; they add up to the network's. */
  readonly macs: number;
  readonly gmacsPerSecond: number;
  /** Of the sum of all steps' times, 0…1. */
  readonly share: number;
  /** Weights, inputs and outputs as stored, each counted once. */
  readonly bytes: number;
}

/** What the text says besides the record. */
export interface BenchFacts {
  /** `seeded`, or the file that the weights came from. */
  readonly weights: string;
  readonly runs: number;
  /** Node.js' version and the processor's architecture. */
  readonly runtime: string;
  /** Integers only: where the ranges of the maps' values are from, the model's or one random picture's. */
  readonly ranges?: 'model' | 'random';
  /** GMAC/s of one thread. */
  readonly ceiling: number;
}
