import type { PixelKernels, Taps } from '../domain/pixel-kernels.js';
import { align } from './arena.js';
import {
  bindKernels,
  createMemory,
  type KernelFlavour,
  type KernelModule,
  type Kernels,
  loadKernels,
} from './kernels.js';

/** Bytes of a picture that are brought into memory at once: few, so that they stay in the cache. */
const CHUNK_BYTES = 256 * 1024;

const PIXEL = 3;
const TABLE_BYTES = 4 * 3 * 256;

/** The input pixels that all the taps read: they move on steadily, so the ends are the first's and the last's. */
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
    loading = loadKernels(flavour).then(createPixelKernels);
    // Reported by whoever awaits it, which may be after a picture has been decoded.
    loading.catch(() => {});
  }
  return loading;
}

function createPixelKernels(module: KernelModule): PixelKernels {
  const { heapBase, resampleSlack } = module.constants;
  let memory = createMemory(0);
  let kernels: Kernels;
  let end = 0;

  /** Begins a job of so many bytes: forgets the one before. */
  const begin = (bytes: number): void => {
    end = align(heapBase);
    if (end + bytes <= memory.buffer.byteLength) return;
    memory = createMemory(end + bytes);
    kernels = bindKernels(module, memory);
  };
  const reserve = (bytes: number): number => {
    const address = end;
    end += align(bytes);
    return address;
  };
  const place = (values: Int32Array | Float32Array): number => {
    const address = reserve(values.byteLength);
    new Uint8Array(memory.buffer, address).set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return address;
  };
  const placeTaps = ({ first, length, weights }: Taps) => [place(first), place(length), place(weights)] as const;

  return {
    convolve(source, held, x, y, columnsFirst) {
      const width = x.first.length;
      const height = y.first.length;
      const across = span(x);
      const down = span(y);
      const sourceRow = held.count * PIXEL;
      const spanRow = across.count * PIXEL;
      const between = PIXEL * (columnsFirst ? height * across.count : width * down.count);
      // Input rows of one go: as many as fit a chunk, or what one output row needs.
      const chunkRows = Math.max(Math.min(down.count, Math.floor(CHUNK_BYTES / spanRow)), columnsFirst ? y.size : 1);
      const output = width * height * PIXEL;
      const bytes =
        tapBytes(x) +
        align(groupBytes(x)) +
        tapBytes(y) +
        output +
        between +
        chunkRows * spanRow +
        6 * align(resampleSlack);
      begin(Math.max(bytes, lookUpBytes(output)));
      const [firstX, lengthX, wholeWeights] = placeTaps(x);
      const alongY = placeTaps(y);
      const groups = Math.ceil(x.size / GROUP);
      const splitWeights = reserve(groupBytes(x));
      kernels.split_weights(splitWeights, wholeWeights, width, x.size);
      const alongX = [firstX, lengthX, splitWeights] as const;
      const to = reserve(output + resampleSlack);
      const middle = reserve(between + resampleSlack);
      const chunk = reserve(chunkRows * spanRow + resampleSlack);
      const chunkBytes = new Uint8Array(memory.buffer, chunk, chunkRows * spanRow);
      const bring = (row: number, rows: number): void => {
        if (sourceRow === spanRow) {
          chunkBytes.set(source.subarray(row * spanRow, (row + rows) * spanRow));
          return;
        }
        for (let each = 0; each < rows; each++) {
          const from = (row + each) * sourceRow + (across.first - held.first) * PIXEL;
          chunkBytes.set(source.subarray(from, from + spanRow), each * spanRow);
        }
      };
      if (columnsFirst) {
        for (let from = 0, until = 0; from < height; from = until) {
          until = from + 1;
          while (until < height && span(y, from, until + 1).count <= chunkRows) until++;
          const rows = span(y, from, until);
          bring(rows.first, rows.count);
          kernels.resample_columns_u8(
            middle + from * spanRow,
            chunk - rows.first * spanRow,
            alongY[0] + 4 * from,
            alongY[1] + 4 * from,
            alongY[2] + 4 * from * y.size,
            until - from,
            spanRow,
            y.size,
            spanRow,
            y.bits,
          );
        }
        const start = middle - across.first * PIXEL;
        kernels.resample_rows_u8(to, start, ...alongX, height, width, groups, spanRow, x.bits);
      } else {
        const middleRow = width * PIXEL;
        for (let row = 0; row < down.count; row += chunkRows) {
          const rows = Math.min(chunkRows, down.count - row);
          bring(down.first + row, rows);
          const start = chunk - across.first * PIXEL;
          kernels.resample_rows_u8(middle + row * middleRow, start, ...alongX, rows, width, groups, spanRow, x.bits);
        }
        const start = middle - down.first * middleRow;
        kernels.resample_columns_u8(to, start, ...alongY, height, middleRow, y.size, middleRow, y.bits);
      }
      return new Uint8Array(memory.buffer, to, output);
    },

    lookUp(pixels, table) {
      const held = pixels.buffer === memory.buffer ? pixels.slice() : pixels;
      begin(lookUpBytes(pixels.length));
      const from = reserve(pixels.length);
      new Uint8Array(memory.buffer, from, pixels.length).set(held);
      const tableAt = place(table);
      const to = reserve(4 * pixels.length);
      kernels.look_up_f32(to, from, tableAt, pixels.length / PIXEL);
      return new Float32Array(memory.buffer, to, pixels.length);
    },
  };
}

/** What looking up so many values takes: them, the table, the results. */
function lookUpBytes(values: number): number {
  return align(values) + align(TABLE_BYTES) + align(4 * values);
}

function tapBytes({ first, length, weights }: Taps): number {
  return align(first.byteLength) + align(length.byteLength) + align(weights.byteLength);
}

/** Weights that the row kernel takes at once, and their bytes. */
const GROUP = 4;
const GROUP_BYTES = 16;

function groupBytes({ size, first }: Taps): number {
  return first.length * Math.ceil(size / GROUP) * GROUP_BYTES;
}
