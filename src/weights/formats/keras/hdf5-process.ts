import { writeSync } from 'node:fs';
import type { Dataset, Group, Module } from 'h5wasm';
import { toFloat32 } from '../../half.js';

/**
 * A process of its own for one HDF5 file: the HDF5 library keeps to no limits, so that this process has them. The file
 * comes in on stdin, its floating-point datasets go out on stdout as a safetensors file, whose length goes first; what is
 * wrong is the last line of stderr. The library sees no other file: it works in a memory of its own.
 *
 * Arguments: bytes of the file; bytes that all datasets together may take, as f32; bytes that the library's memory may take.
 */
const [fileBytes, maxTensorBytes, maxLibraryBytes] = process.argv.slice(2).map(Number) as [number, number, number];

const FILE = '/model.h5';
const MAX_OBJECTS = 20_000;
const MAX_DEPTH = 16;
const MAX_RANK = 8;
const MAX_NAME = 512;
const MAX_TOPOLOGY = 8 * 1024 * 1024;
const WASM_PAGE = 65536;
const PIECE_BYTES = 1 << 20;
/** H5T_FLOAT, as the library reports it. */
const FLOAT_CLASS = 1;

interface Found {
  readonly name: string;
  readonly path: string;
  readonly shape: readonly number[];
  readonly count: number;
  /** Bytes of a number. */
  readonly width: 2 | 4 | 8;
}

class Refusal extends Error {}

function refuse(problem: string): never {
  throw new Refusal(problem);
}

/** The library asks for memory through this; beyond the limit it is told that there is none. */
function limitMemory(): void {
  const { prototype } = WebAssembly.Memory;
  const { grow } = prototype;
  prototype.grow = function (this: WebAssembly.Memory, pages: number): number {
    if (this.buffer.byteLength + pages * WASM_PAGE > maxLibraryBytes) throw new RangeError('no more memory');
    return grow.call(this, pages);
  };
}

async function readInput(): Promise<Uint8Array> {
  const bytes = new Uint8Array(fileBytes);
  let filled = 0;
  for await (const chunk of process.stdin) {
    const part = chunk as Buffer;
    if (filled + part.length > fileBytes) refuse('became longer while it was read');
    bytes.set(part, filled);
    filled += part.length;
  }
  if (filled !== fileBytes) refuse('became shorter while it was read');
  return bytes;
}

/** Floating-point datasets by their paths; groups may be reached in several ways, so that objects are counted. */
function list(root: Group): { readonly found: readonly Found[]; readonly attributes: ReadonlyMap<string, string> } {
  const found: Found[] = [];
  const attributes = new Map<string, string>();
  let objects = 0;
  let left = maxTensorBytes;
  const visit = (group: Group, path: string, depth: number): void => {
    if (depth > MAX_DEPTH) refuse(`groups deeper than ${MAX_DEPTH}`);
    for (const key of group.keys()) {
      if (++objects > MAX_OBJECTS) refuse(`more than ${MAX_OBJECTS} objects`);
      const name = path === '' ? key : `${path}/${key}`;
      if (name.length > MAX_NAME) refuse(`a name of more than ${MAX_NAME} characters`);
      // What an optimiser remembers is twice the weights, and of no use here.
      if (depth === 0 && /^(optimizer_weights|optimizer)$/.test(key)) continue;
      const entity = group.get(key);
      if (entity === null) continue;
      if ('keys' in entity) {
        // Keras 3 calls groups by their layers' classes, and keeps the layers' own names beside.
        const own = readText(entity as Group, 'name');
        if (own !== undefined && own.length <= MAX_NAME) attributes.set(`${name}@name`, own);
        // Where models nest, the order of a group's weights tells them apart.
        const weights = readList(entity as Group, 'weight_names');
        if (weights.length > 0) attributes.set(`${name}@weight_names`, JSON.stringify(weights));
        visit(entity as Group, name, depth + 1);
      } else if ('metadata' in entity) {
        const dataset = measure(entity as Dataset, name);
        if (dataset === undefined) continue;
        left -= 4 * dataset.count;
        if (!(left >= 0)) refuse(`more than ${maxTensorBytes} bytes of weights`);
        found.push(dataset);
      }
    }
  };
  visit(root, '', 0);
  return { found, attributes };
}

function measure({ metadata }: Dataset, name: string): Found | undefined {
  const { type, size, shape, littleEndian } = metadata;
  if (type !== FLOAT_CLASS) return undefined;
  if (shape === null || shape.length > MAX_RANK) refuse(`${JSON.stringify(name)} has no usable shape`);
  if (size !== 2 && size !== 4 && size !== 8) {
    refuse(`${JSON.stringify(name)} has floats of ${size} bytes, expected 2, 4 or 8`);
  }
  const count = shape.reduce((product, extent) => product * extent, 1);
  if (!Number.isSafeInteger(count) || count < 0) refuse(`${JSON.stringify(name)} has an impossible shape`);
  if (!littleEndian) refuse(`${JSON.stringify(name)} is big-endian, expected little-endian numbers`);
  return { name, path: `/${name}`, shape, count, width: size };
}

function readText(root: Group, attribute: string): string | undefined {
  const found = root.attrs[attribute];
  if (found === undefined) return undefined;
  const { value } = found;
  const text = value instanceof Uint8Array ? new TextDecoder().decode(value) : value;
  return typeof text === 'string' && text.length <= MAX_TOPOLOGY ? text : undefined;
}

/** A list of texts; Keras cuts a long one into attributes with numbers behind their name. */
function readList(group: Group, attribute: string): readonly string[] {
  const texts: string[] = [];
  const { attrs } = group;
  const numbered = Object.keys(attrs).filter(
    (name) => name.startsWith(attribute) && /^\d{1,4}$/.test(name.slice(attribute.length)),
  );
  const names = numbered.sort((a, b) => Number(a.slice(attribute.length)) - Number(b.slice(attribute.length)));
  for (const name of Object.hasOwn(attrs, attribute) ? [attribute] : names) {
    const value: unknown = attrs[name]?.value;
    if (!Array.isArray(value)) return [];
    for (const text of value as unknown[]) {
      if (typeof text !== 'string' || text.length > MAX_NAME || texts.length >= MAX_OBJECTS) return [];
      texts.push(text);
    }
  }
  return texts;
}

/** Pieces, so that a slow reader at the other end holds this process up and not its memory. */
function write(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at, Math.min(bytes.length - at, PIECE_BYTES));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

async function run(): Promise<void> {
  limitMemory();
  const bytes = await readInput();
  const h5wasm = await import('h5wasm');
  const { FS } = await h5wasm.ready;
  FS.writeFile(FILE, bytes, { canOwn: true } as never);
  const file = new h5wasm.File(FILE, 'r');
  if (file.file_id < 0n) refuse('not an HDF5 file that can be opened; it may be cut off');
  const { found, attributes } = list(file);
  const texts = ['model_config', 'keras_version'].map((name) => [name, readText(file, name)] as const);
  const metadata = Object.fromEntries([...attributes, ...texts.filter(([, text]) => text !== undefined)]);
  let end = 0;
  const entries = found.map(({ name, shape, count }) => {
    const start = end;
    end += 4 * count;
    return [name, { dtype: 'F32', shape, data_offsets: [start, end] }] as const;
  });
  const header = Buffer.from(JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) }));
  const lengths = Buffer.alloc(16);
  lengths.writeBigUInt64LE(BigInt(8 + header.length + end), 0);
  lengths.writeBigUInt64LE(BigInt(header.length), 8);
  write(lengths);
  write(header);
  for (const dataset of found) copyOut(h5wasm.Module, file.file_id, dataset);
}

/** Through the library's own functions: its `value` gives whatever lay in its memory where reading fails. */
function copyOut(library: typeof Module, file: bigint, { name, path, count, width }: Found): void {
  if (count === 0) return;
  const address = library._malloc(count * width);
  if (!(address > 0)) refuse(`no memory for ${JSON.stringify(name)}`);
  const status = library.get_dataset_data(file, path, null, null, null, BigInt(address));
  if (status < 0) refuse(`${JSON.stringify(name)} cannot be read`);
  const { buffer } = library.HEAPU8;
  if (width === 4) write(new Uint8Array(buffer, address, 4 * count));
  else if (width === 8) write(bytesOf(Float32Array.from(new Float64Array(buffer, address, count))));
  else write(bytesOf(toFloat32(new Uint16Array(buffer, address, count))));
  library._free(address);
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

run().catch((error: unknown) => {
  const problem = error instanceof Refusal ? error.message : 'the HDF5 library could not read it';
  // The library writes there too.
  writeSync(2, `\n${problem.slice(0, 400)}`);
  process.exitCode = 1;
});
