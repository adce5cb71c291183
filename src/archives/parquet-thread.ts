import { Buffer } from 'node:buffer';
import { parentPort, workerData } from 'node:worker_threads';
import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet';
import { ArchiveError } from './archive-types.js';
import { type OpenFile, openFile } from './open-file.js';
import { compressors } from './parquet-compressors.js';
import { MOST_PAGE_BYTES } from './parquet-limits.js';
import type { ParquetFacts, ParquetReply, ParquetRequest, ParquetRow } from './parquet-messages.js';

/** Real ones have a few MiB at most. */
const MOST_FOOTER_BYTES = 2 ** 26;
/** Length of the footer and `PAR1`. */
const TAIL_BYTES = 8;

/** Of one array: a run in damaged data may say that it is a billion values. */
const MOST_VALUES = 2 ** 24;

/**
 * An array that outgrows what V8 can hold ends the whole process, not only this thread. hyparquet fills arrays without a
 * limit; here an element of this number has a setter, which all arrays of the thread inherit.
 */
Object.defineProperty(Array.prototype, MOST_VALUES, {
  set() {
    throw new ArchiveError({ problem: `damaged Parquet file (more than ${MOST_VALUES} values)` });
  },
});

/** The thread of a Parquet file: reads and decodes it, and is ended from outside if that takes too long. A file of its own. */
const path = workerData as string | Uint8Array;
let opened: Promise<ParquetFacts & { readonly buffer: AsyncBuffer }> | undefined;

parentPort!.on('message', (request: ParquetRequest) => void answer(request));

async function answer(request: ParquetRequest): Promise<void> {
  try {
    opened ??= openTable();
    const { buffer, metadata, size } = await opened;
    if (request === 'metadata') send({ facts: { metadata, size } });
    else {
      const { columns, start, end } = request;
      const rows = (await parquetReadObjects({
        ...{ file: buffer, metadata, columns: [...columns], rowStart: start, rowEnd: end, compressors },
        // Bytes without a type are bytes.
        ...{ utf8: false, geoparquet: false },
      })) as ParquetRow[];
      send({ rows }, buffersOf(rows));
    }
  } catch (error) {
    send(replyOf(error));
  }
}

function send(reply: ParquetReply, transfer: readonly ArrayBuffer[] = []): void {
  parentPort!.postMessage(reply, transfer);
}

function replyOf(error: unknown): ParquetReply {
  if (error instanceof ArchiveError) return { flaw: error.flaw };
  const cause = error instanceof Error ? error : new Error(String(error));
  if (!('syscall' in cause)) return { error: cause };
  return { error: cause, system: { code: 'code' in cause ? cause.code : undefined, syscall: cause.syscall } };
}

async function openTable(): Promise<ParquetFacts & { readonly buffer: AsyncBuffer }> {
  const file = await openFile(typeof path === 'string' ? path : Buffer.from(path));
  const tail = new Uint8Array(Math.min(TAIL_BYTES, file.size));
  await file.read(tail, file.size - tail.length);
  const footer = tail.length === TAIL_BYTES ? new DataView(tail.buffer).getUint32(0, true) : 0;
  if (footer > MOST_FOOTER_BYTES && footer <= file.size) {
    throw new ArchiveError({
      problem: `${footer} bytes of metadata`,
      expected: `at most ${MOST_FOOTER_BYTES / 2 ** 20} MiB`,
    });
  }
  const buffer = bufferOf(file);
  const metadata = await parquetMetadataAsync(buffer, { geoparquet: false });
  // Who asked needs it too: it must come to an end.
  parquetSchema(metadata);
  return { buffer, metadata, size: file.size };
}

/** Whole slices in memory; what the file says of their lengths is not believed. */
function bufferOf(file: OpenFile): AsyncBuffer {
  return {
    byteLength: file.size,
    async slice(start, end = file.size) {
      const length = end - start;
      if (!(start >= 0 && length >= 0 && end <= file.size)) throw new ArchiveError({ problem: 'the file ends early' });
      if (length > MOST_PAGE_BYTES) throw new ArchiveError({ problem: `${length} bytes in one piece` });
      const bytes = new Uint8Array(length);
      await file.read(bytes, start);
      return bytes.buffer;
    },
  };
}

/** What the bytes of rows are in, and need not be copied. Small ones may be parts of what Node.js keeps for many. */
function buffersOf(rows: readonly ParquetRow[]): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  const add = (value: unknown) => {
    if (!(value instanceof Uint8Array)) return;
    const { buffer } = value;
    if (buffer instanceof ArrayBuffer && buffer.byteLength > Math.max(Buffer.poolSize, 2 ** 16)) found.add(buffer);
  };
  for (const row of rows) {
    for (const value of Object.values(row)) {
      add(value);
      if (isStruct(value)) add(value.bytes);
    }
  }
  return [...found];
}

function isStruct(value: unknown): value is { readonly bytes?: unknown } {
  return typeof value === 'object' && value !== null && 'bytes' in value;
}
