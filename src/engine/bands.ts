import type { Span } from './arena.js';
import type { Operation } from './fuse.js';
import type { LoweredStep } from './kernel-calls.js';
import type { Arguments } from './kernel-signatures.js';
import { wholeTileRows } from './lower-windows.js';

/*
 * Touching a page of new memory takes 1.5 µs, and the first maps of a network are much larger than all others. A large map
 * that a depthwise convolution alone reads need not be there as a whole: a band of its rows is made and read, then the next
 * one in the same memory.
 *
 *     maker: rows 0 … 8 → reader → the last 2 rows to the top → maker: rows 9 … 17 → reader → …
 */

/** A map is made in bands from so many bytes on. */
const LARGE_BYTES = 2 ** 20;
/** Bytes of new rows of a band, about; the band then stays in the processor's second-level cache. */
const BAND_BYTES = 3 * 2 ** 17;
const FLOAT = 4;

/** Kernels that can make some rows of a map at another place than the whole map's. */
const makingKernels = ['activate_f32', 'conv_f32', 'pointwise_half_f32'] as const;
export type MakingKernel = (typeof makingKernels)[number];

/** Steps that run in turn, for some rows at a time, as what lies between them is never there as a whole. */
export interface Band {
  /** The first of the steps that make the map, and the depthwise convolution that reads it, the one after the last of them. */
  readonly first: number;
  readonly reader: number;
  /** New rows of the map at a time: whole tiles of pixels, so that all sums are the same. */
  readonly rows: number;
}

/** How operations of a network run in bands. */
export interface Banding {
  readonly bands: readonly Band[];
  /** Bytes of maps that are never there as a whole. */
  readonly bytes: ReadonlyMap<string, number>;
  /** What a band's operations need is in use as long as any of them runs. */
  stretch(spans: readonly Span[]): Span[];
}

/**
 * @param lowered steps of each operation
 * @param keep maps that are there after the run
 * @param pixelTile see `KernelConstants`
 */
export function findBands(
  operations: readonly Operation[],
  lowered: readonly (readonly LoweredStep[])[],
  keep: readonly string[],
  pixelTile: number,
): Banding {
  const bands: Band[] = [];
  const bytes = new Map<string, number>();
  const makers = new Set<number>();
  let first = 0;
  lowered.forEach((steps, index) => {
    const reader = lowered[index + 1]?.[0];
    const { output } = operations[index]!;
    if (reader?.kernel === 'depthwise_f32' && reads(reader, output) && makeRows(steps)) {
      const args = reader.args as Arguments<'depthwise_f32'>;
      const rows = rowsOfBand(args, pixelTile);
      if (rows !== undefined && !keep.includes(output) && !isReadElsewhere(output, index + 1, operations)) {
        bands.push({ first, reader: first + steps.length, rows });
        bytes.set(output, (rows + windowRows(args) - 1) * rowBytes(args));
        makers.add(index);
      }
    }
    first += steps.length;
  });
  const stretch = (spans: readonly Span[]) =>
    spans.map((span) => ({
      ...span,
      from: makers.has(span.from - 1) ? span.from - 1 : span.from,
      to: makers.has(span.to) ? span.to + 1 : span.to,
    }));
  return { bands, bytes, stretch };
}

/** Whether they can make some rows at a time. */
function makeRows(steps: readonly LoweredStep[]): boolean {
  // A curve behind another kernel works in place; one by itself reads another map, which is whole.
  if (steps[0]?.kernel === 'activate_f32') return false;
  return steps.every(({ kernel }) => (makingKernels as readonly string[]).includes(kernel));
}

/** Undefined where the reader's input is small. */
function rowsOfBand(reader: Arguments<'depthwise_f32'>, pixelTile: number): number | undefined {
  const row = rowBytes(reader);
  if (reader.inHeight * row < LARGE_BYTES || windowRows(reader) < reader.strideHeight) return undefined;
  const multiple = wholeTileRows(reader.inWidth, pixelTile);
  return Math.max(1, Math.floor(BAND_BYTES / row / multiple)) * multiple;
}

function reads({ args }: LoweredStep & { readonly kernel: 'depthwise_f32' }, value: string): boolean {
  return typeof args.input !== 'number' && args.input.value === value;
}

function isReadElsewhere(value: string, reader: number, operations: readonly Operation[]): boolean {
  return operations.some(
    ({ inputs, residual }, index) => residual === value || (index !== reader && inputs.includes(value)),
  );
}

/** Of the reader's input. */
export function rowBytes({ inWidth, channels }: Arguments<'depthwise_f32'>): number {
  return inWidth * channels * FLOAT;
}

/** Input rows under a window. */
export function windowRows({ kernelHeight, dilationHeight }: Arguments<'depthwise_f32'>): number {
  return (kernelHeight - 1) * dilationHeight + 1;
}
