import { ModelError } from '../../../errors/errors.js';
import { countElements } from '../../../untrusted-data/byte-reader.js';
import { MAX_FILE_BYTES } from '../../../untrusted-data/regular-file.js';
import { widenBfloat16 } from '../../half.js';
import { copyStrided } from '../../strided.js';
import type { Tensor } from '../../types.js';
import type { PickleValue } from './pickle-values.js';

type StorageKind = 'float' | 'half' | 'bfloat' | 'double' | 'ignored';

/** A typed storage class of torch; the integer ones are counters that inference has no use for. */
class StorageType {
  readonly name: string;
  readonly kind: StorageKind;
  readonly elementBytes: number;

  constructor(name: string, kind: StorageKind, elementBytes: number) {
    this.name = name;
    this.kind = kind;
    this.elementBytes = elementBytes;
  }
}

export const STORAGE_TYPES = [
  new StorageType('FloatStorage', 'float', 4),
  new StorageType('HalfStorage', 'half', 2),
  new StorageType('BFloat16Storage', 'bfloat', 2),
  new StorageType('DoubleStorage', 'double', 8),
  new StorageType('LongStorage', 'ignored', 8),
  new StorageType('IntStorage', 'ignored', 4),
  new StorageType('ShortStorage', 'ignored', 2),
  new StorageType('CharStorage', 'ignored', 1),
  new StorageType('ByteStorage', 'ignored', 1),
  new StorageType('BoolStorage', 'ignored', 1),
];

/** A flat run of numbers that tensors are views of; its bytes may follow the pickle that names it. */
export class Storage {
  readonly type: StorageType;
  readonly count: number;
  data: Float32Array | Uint16Array | undefined;

  constructor(type: StorageType, count: number) {
    this.type = type;
    this.count = count;
  }

  get byteLength(): number {
    return this.count * this.type.elementBytes;
  }

  fill(bytes: Uint8Array): void {
    if (this.type.kind === 'ignored') return;
    // Typed arrays want aligned bytes, and files align nothing.
    const aligned = bytes.byteOffset % this.type.elementBytes === 0 ? bytes : new Uint8Array(bytes);
    const { buffer, byteOffset } = aligned;
    if (this.type.kind === 'float') this.data = new Float32Array(buffer, byteOffset, this.count);
    else if (this.type.kind === 'half') this.data = new Uint16Array(buffer, byteOffset, this.count);
    else if (this.type.kind === 'bfloat') this.data = widenBfloat16(new Uint16Array(buffer, byteOffset, this.count));
    else this.data = new Float32Array(new Float64Array(buffer, byteOffset, this.count));
  }
}

/** The storages that a file's pickle names, by their keys. */
export class Storages {
  readonly #where: string;
  readonly #byKey = new Map<string, Storage>();

  constructor(where: string) {
    this.#where = where;
  }

  get size(): number {
    return this.#byKey.size;
  }

  entries(): Iterable<readonly [string, Storage]> {
    return this.#byKey;
  }

  get(key: string): Storage | undefined {
    return this.#byKey.get(key);
  }

  /** `('storage', type, key, device, count)`, in the older layout with view metadata (always None) behind. */
  find(id: PickleValue): Storage {
    if (!Array.isArray(id) || id.length < 5 || id.length > 6 || id[0] !== 'storage') {
      throw this.#damaged('persistent id of no storage');
    }
    const [, type, key, , count, view] = id;
    const isValid =
      type instanceof StorageType &&
      typeof key === 'string' &&
      /^\w{1,64}$/.test(key) &&
      typeof count === 'number' &&
      Number.isInteger(count) &&
      count >= 0 &&
      (view === undefined || view === null);
    if (!isValid) throw this.#damaged('storage record of a kind not known here');
    const known = this.#byKey.get(key);
    if (known) {
      if (known.type !== type || known.count !== count) throw this.#damaged(`storage ${key} described in two ways`);
      return known;
    }
    if (count * type.elementBytes > MAX_FILE_BYTES) throw this.#damaged(`storage of ${count} numbers`);
    const storage = new Storage(type, count);
    this.#byKey.set(key, storage);
    return storage;
  }

  #damaged(problem: string): ModelError {
    return new ModelError('weights-damaged', { where: this.#where, problem });
  }
}

/** A tensor as torch stores it: a view of a storage. */
export class TensorView {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(storage: Storage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

/** (storage, offset, shape, strides, requires_grad, backward_hooks[, metadata]) */
export function rebuildTensor(args: readonly PickleValue[], where: string): TensorView {
  const damaged = (problem: string) => new ModelError('weights-damaged', { where, problem });
  const [storage, offset, shape, strides] = args;
  if (!(storage instanceof Storage)) throw damaged('a tensor without a storage');
  const count = countElements(shape, storage.count);
  const isValid =
    count !== undefined &&
    typeof offset === 'number' &&
    Number.isInteger(offset) &&
    offset >= 0 &&
    Array.isArray(strides) &&
    strides.length === (shape as number[]).length &&
    strides.every((stride) => typeof stride === 'number' && Number.isSafeInteger(stride) && stride >= 0);
  if (!isValid) throw damaged('a tensor whose shape does not fit its storage');
  const extents = shape as number[];
  const steps = strides as number[];
  let end = offset;
  for (const [axis, extent] of extents.entries()) end += Math.max(extent - 1, 0) * (steps[axis] ?? 0);
  if (count > 0 && end >= storage.count) throw damaged('a tensor that reaches beyond its storage');
  return new TensorView(storage, offset, extents, steps);
}

/** Bytes that may still be gathered: views may overlap. */
export interface GatherBudget {
  bytes: number;
}

/** A view's numbers in row-major order: a view of the storage where they lie so; undefined for counters. */
export function gatherTensor(view: TensorView, budget: GatherBudget, where: string): Tensor | undefined {
  const { storage, shape, strides, offset } = view;
  if (!storage.data) {
    if (storage.type.kind === 'ignored') return undefined;
    throw new ModelError('weights-damaged', { where, problem: 'storage without data' });
  }
  const count = shape.reduce((product, extent) => product * extent, 1);
  if (isContiguous(shape, strides)) return { shape, data: storage.data.subarray(offset, offset + count) };

  budget.bytes -= count * storage.data.BYTES_PER_ELEMENT;
  if (budget.bytes < 0) throw new ModelError('weights-damaged', { where, problem: 'tensors that overlap too often' });
  const data = storage.data instanceof Float32Array ? new Float32Array(count) : new Uint16Array(count);
  return { shape, data: copyStrided(storage.data, data, shape, strides, offset) };
}

/** Row-major without holes; the stride of an axis of length 1 does not matter. */
function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (const [axis, extent] of [...shape.entries()].reverse()) {
    if (extent !== 1 && strides[axis] !== expected) return false;
    expected *= extent;
  }
  return true;
}
