import type { ColumnSpan, PixelKernels, Taps } from '../domain/pixel-kernels.js';
import { align } from './arena.js';
import type { KernelConstants } from './kernel-constants.js';
import {
  bindKernels,
  createMemory,
  type KernelFlavour,
  type KernelMemory,
  type KernelModule,
  type Kernels,
  loadKernels,
} from './kernels.js';

/** Bytes of a picture that are brought into memory at once: few, so that they stay in the cache. */
const CHUNK_BYTES = 256 * 1024;
/** Rows are brought whole where they are at most so many times as long as what is read of them. */
const MOST_BROUGHT = 2;

const PIXEL = 3;
const TABLE_BYTES = 4 * 3 * 256;

/** The input pixels that all the taps read: each begins and ends behind the one before, so the ends are the first's and the last's. */
function span({ first, length }: Taps, from = 0, to = first.length): { first: number; count: number } {
  const start = first[from]!;
  return { first: start, count: first[to - 1]! + length[to - 1]! - start };
}

let loading: Promise<PixelKernels> | undefined;

/**
 * Kernels for pictures, in a memory of their own that grows with the largest picture; one for the process, of the first
 * flavour that is asked for: they compute the same.
 */
export function loadPixelKernels(flavour?: KernelFlavour): Promise<PixelKernels> {
  if (loading === undefined) {
    loading = loadKernels(flavour).then((module) => createPixelKernels(new PictureMemory(module)));
    // Reported by whoever awaits it, which may be after a picture has been decoded.
    loading.catch(() => {});
  }
  return loading;
}

/** Part of a memory, with the kernels bound to that. */
export interface MemoryPart {
  readonly memory: KernelMemory;
  readonly kernels: Kernels;
  readonly address: number;
  readonly bytes: number;
}

/** As `loadPixelKernels`, in memory that something else uses between calls; a picture that it is too small for gets its own. */
export function pixelKernelsIn(module: KernelModule, part: MemoryPart): PixelKernels {
  return createPixelKernels(new PictureMemory(module, part));
}

function createPixelKernels(memory: PictureMemory): PixelKernels {
  return {
    convolve: (source, held, x, y, columnsFirst) => convolve(memory, source, { held, x, y, columnsFirst }),
    lookUp: (pixels, table) => lookUp(memory, pixels, table),
  };
}

/** Memory for one job after another, with the kernels bound to it; it grows with the largest. */
class PictureMemory {
  readonly constants: KernelConstants;
  readonly #module: KernelModule;
  #part: MemoryPart | undefined;
  #end = 0;

  constructor(module: KernelModule, part?: MemoryPart) {
    this.#module = module;
    this.#part = part;
    this.constants = module.constants;
  }

  /** Of the job that has begun. */
  get buffer(): ArrayBufferLike {
    return this.#part!.memory.buffer;
  }

  get kernels(): Kernels {
    return this.#part!.kernels;
  }

  /** Whether an earlier job has left these bytes. */
  holds(bytes: Uint8Array): boolean {
    return bytes.buffer === this.#part?.memory.buffer;
  }

  /** Begins a job of so many bytes: forgets the one before. */
  begin(bytes: number): void {
    if (this.#part === undefined || bytes > this.#part.bytes) this.#part = this.#allocate(bytes);
    this.#end = this.#part.address;
  }

  #allocate(bytes: number): MemoryPart {
    const address = align(this.constants.heapBase);
    const memory = createMemory(address + bytes);
    const kernels = bindKernels(this.#module, memory);
    return { memory, kernels, address, bytes: memory.buffer.byteLength - address };
  }

  reserve(bytes: number): number {
    const address = this.#end;
    this.#end += align(bytes);
    return address;
  }

  place(values: Int32Array | Float32Array): number {
    const address = this.reserve(values.byteLength);
    new Uint8Array(this.buffer, address).set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return address;
  }
}

interface Resampling {
  /** The columns of the picture that the source has. */
  readonly held: ColumnSpan;
  readonly x: Taps;
  readonly y: Taps;
  readonly columnsFirst: boolean;
}

/** Addresses of an axis's taps: of their first pixels, numbers, and weights. */
type PlacedTaps = readonly [first: number, length: number, weights: number];

/** A resampling with all that it needs in memory. */
interface PlacedResampling extends Resampling {
  readonly alongX: PlacedTaps;
  /** Groups of weights of a column. */
  readonly groups: number;
  readonly alongY: PlacedTaps;
  /** Addresses of the result, of what lies between the two passes, and of some of the source's rows. */
  readonly to: number;
  readonly middle: number;
  /** Where the first column that is read begins. */
  readonly chunk: number;
  readonly chunkRows: number;
  /** Bytes from one row of the chunk to the next. */
  readonly chunkRow: number;
  /** Brings rows of the source to `chunk`. */
  bring(row: number, rows: number): void;
}

function convolve(memory: PictureMemory, source: Uint8Array, resampling: Resampling): Uint8Array {
  const { x, y, columnsFirst } = resampling;
  const bytes = x.first.length * y.first.length * PIXEL;
  const placed = placeResampling(memory, source, resampling);
  if (columnsFirst) columnsThenRows(memory, placed);
  else rowsThenColumns(memory, placed);
  return new Uint8Array(memory.buffer, placed.to, bytes);
}

function placeResampling(memory: PictureMemory, source: Uint8Array, resampling: Resampling): PlacedResampling {
  const { held, x, y, columnsFirst } = resampling;
  const [width, height] = [x.first.length, y.first.length];
  const [across, down] = [span(x), span(y)];
  const spanRow = across.count * PIXEL;
  const sourceRow = held.count * PIXEL;
  // Few columns that nothing reads are brought along: one long copy takes less than many short ones.
  const isWhole = sourceRow <= MOST_BROUGHT * spanRow;
  const chunkRow = isWhole ? sourceRow : spanRow;
  const unread = (across.first - held.first) * PIXEL;
  const between = PIXEL * (columnsFirst ? height * across.count : width * down.count);
  // Input rows of one go: as many as fit a chunk, or what one output row needs.
  const chunkRows = Math.max(Math.min(down.count, Math.floor(CHUNK_BYTES / chunkRow)), columnsFirst ? y.size : 1);
  const output = width * height * PIXEL;
  const { resampleSlack: slack, tapGroup, tapGroupBytes } = memory.constants;
  const groups = Math.ceil(x.size / tapGroup);
  const splitBytes = width * groups * tapGroupBytes;
  const bytes =
    tapBytes(x) + align(splitBytes) + tapBytes(y) + output + between + chunkRows * chunkRow + 6 * align(slack);
  memory.begin(Math.max(bytes, lookUpBytes(output)));
  const [firstX, lengthX, wholeWeights] = placeTaps(memory, x);
  const alongY = placeTaps(memory, y);
  const splitWeights = memory.reserve(splitBytes);
  memory.kernels.split_weights(splitWeights, wholeWeights, width, x.size);
  const to = memory.reserve(output + slack);
  const middle = memory.reserve(between + slack);
  const chunk = memory.reserve(chunkRows * chunkRow + slack);
  // Filling copies as fast as memory does; `set` copies to shared memory word by word.
  const chunkBytes = Buffer.from(memory.buffer, chunk, chunkRows * chunkRow);
  const bring = (row: number, rows: number): void => {
    if (isWhole) {
      chunkBytes.fill(source.subarray(row * sourceRow, (row + rows) * sourceRow), 0, rows * sourceRow);
      return;
    }
    for (let each = 0; each < rows; each++) {
      const from = (row + each) * sourceRow + unread;
      chunkBytes.set(source.subarray(from, from + spanRow), each * spanRow);
    }
  };
  return {
    ...resampling,
    alongX: [firstX, lengthX, splitWeights],
    groups,
    alongY,
    to,
    middle,
    chunk: isWhole ? chunk + unread : chunk,
    chunkRows,
    chunkRow,
    bring,
  };
}

function columnsThenRows({ kernels }: PictureMemory, placed: PlacedResampling): void {
  const { x, y, alongX, groups, alongY, to, middle, chunk, chunkRows, chunkRow, bring } = placed;
  const [width, height] = [x.first.length, y.first.length];
  const across = span(x);
  const spanRow = across.count * PIXEL;
  for (let from = 0, until = 0; from < height; from = until) {
    until = from + 1;
    while (until < height && span(y, from, until + 1).count <= chunkRows) until++;
    const rows = span(y, from, until);
    bring(rows.first, rows.count);
    kernels.resample_columns_u8(
      middle + from * spanRow,
      chunk - rows.first * chunkRow,
      alongY[0] + 4 * from,
      alongY[1] + 4 * from,
      alongY[2] + 4 * from * y.size,
      until - from,
      spanRow,
      y.size,
      chunkRow,
      y.bits,
    );
  }
  const start = middle - across.first * PIXEL;
  kernels.resample_rows_u8(to, start, ...alongX, height, width, groups, spanRow, x.bits);
}

function rowsThenColumns({ kernels }: PictureMemory, placed: PlacedResampling): void {
  const { x, y, alongX, groups, alongY, to, middle, chunk, chunkRows, chunkRow, bring } = placed;
  const [width, height] = [x.first.length, y.first.length];
  const [across, down] = [span(x), span(y)];
  const middleRow = width * PIXEL;
  for (let row = 0; row < down.count; row += chunkRows) {
    const rows = Math.min(chunkRows, down.count - row);
    bring(down.first + row, rows);
    const start = chunk - across.first * PIXEL;
    kernels.resample_rows_u8(middle + row * middleRow, start, ...alongX, rows, width, groups, chunkRow, x.bits);
  }
  const start = middle - down.first * middleRow;
  kernels.resample_columns_u8(to, start, ...alongY, height, middleRow, y.size, middleRow, y.bits);
}

function placeTaps(memory: PictureMemory, { first, length, weights }: Taps): PlacedTaps {
  return [memory.place(first), memory.place(length), memory.place(weights)];
}

function lookUp(memory: PictureMemory, pixels: Uint8Array, table: Float32Array): Float32Array {
  const held = memory.holds(pixels) ? pixels.slice() : pixels;
  memory.begin(lookUpBytes(pixels.length));
  const from = memory.reserve(pixels.length);
  new Uint8Array(memory.buffer, from, pixels.length).set(held);
  const tableAt = memory.place(table);
  const to = memory.reserve(4 * pixels.length);
  memory.kernels.look_up_f32(to, from, tableAt, pixels.length / PIXEL);
  return new Float32Array(memory.buffer, to, pixels.length);
}

/** What looking up so many values takes: them, the table, the results. */
function lookUpBytes(values: number): number {
  return align(values) + align(TABLE_BYTES) + align(4 * values);
}

function tapBytes({ first, length, weights }: Taps): number {
  return align(first.byteLength) + align(length.byteLength) + align(weights.byteLength);
}
