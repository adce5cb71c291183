import { ZipArchive } from '../../../archives/zip.js';
import { ModelError } from '../../../errors/errors.js';
import { ByteReader, countElements } from '../../../untrusted-data/byte-reader.js';
import { MAX_FILE_BYTES } from '../../../untrusted-data/regular-file.js';
import { widenBfloat16 } from '../../half.js';
import type { NamedTensors, Tensor } from '../../types.js';
import { type PickleFunction, type PickleValue, unpickle } from './pickle.js';

const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;
const LEGACY_PROTOCOL = 1001;

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

const STORAGE_TYPES = [
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
class Storage {
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
    const aligned = bytes.byteOffset % this.type.elementBytes === 0 ? bytes : bytes.slice();
    const { buffer, byteOffset } = aligned;
    if (this.type.kind === 'float') this.data = new Float32Array(buffer, byteOffset, this.count);
    else if (this.type.kind === 'half') this.data = new Uint16Array(buffer, byteOffset, this.count);
    else if (this.type.kind === 'bfloat') this.data = widenBfloat16(new Uint16Array(buffer, byteOffset, this.count));
    else this.data = new Float32Array(new Float64Array(buffer, byteOffset, this.count));
  }
}

class TensorView {
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

/**
 * The tensors of a PyTorch state dictionary (`torch.save(model.state_dict(), …)`), of either layout: pickles one after
 * the other followed by the storages (before torch 1.6), or a zip archive. A dictionary under `state_dict` is found
 * too. Nothing of the file is executed: anything but tensors and plain containers is refused by name. Float32 and
 * float64 come as single precision, bfloat16 too, float16 as its bit patterns; integer tensors (batch counters) are left out.
 * @param where the file's name, for messages
 * @throws ModelError `weights-unsafe`, `weights-damaged`
 */
export function readPyTorch(bytes: Uint8Array, where: string): NamedTensors {
  const isZip = bytes.length >= 4 && bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
  const root = isZip ? readZipLayout(bytes, where) : readLegacyLayout(bytes, where);
  const views = findTensors(root);
  if (!views)
    throw new ModelError('weights-damaged', { where, problem: 'no tensors by name', expected: 'a state dictionary' });

  const tensors = new Map<string, Tensor>();
  // Views may overlap: what is gathered is no more than a file could hold without overlap.
  const budget = { bytes: MAX_FILE_BYTES };
  for (const [name, view] of views) {
    const tensor = materialize(view, budget, `${where}: ${JSON.stringify(name)}`);
    if (tensor) tensors.set(name, tensor);
  }
  return tensors;
}

function readZipLayout(bytes: Uint8Array, where: string): PickleValue {
  const archive = new ZipArchive(bytes, where);
  const pickles = archive.names.filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickles.length !== 1) throw damaged(where, `${pickles.length} members */data.pkl, expected one`);
  const folder = pickles[0]!.slice(0, -'data.pkl'.length);
  if (archive.names.includes(`${folder}byteorder`)) {
    const order = new TextDecoder().decode(archive.read(`${folder}byteorder`));
    if (order !== 'little') throw damaged(where, `byte order ${JSON.stringify(order)}, expected little`);
  }
  const storages = new Map<string, Storage>();
  const rules = {
    globals: allowedGlobals(where),
    persistent: (id: PickleValue) => findStorage(id, storages, where),
  };
  const root = unpickle(new ByteReader(archive.read(pickles[0]!), where), rules);
  for (const [key, storage] of storages) {
    const data = archive.read(`${folder}data/${key}`);
    if (data.length !== storage.byteLength) {
      throw damaged(where, `${data.length} bytes in storage ${JSON.stringify(key)}, expected ${storage.byteLength}`);
    }
    storage.fill(data);
  }
  return root;
}

function readLegacyLayout(bytes: Uint8Array, where: string): PickleValue {
  const reader = new ByteReader(bytes, where);
  const plain = {
    globals: new Map<string, object>(),
    persistent: () => {
      throw damaged(where, 'a storage before the state dictionary');
    },
  };
  if (bytes[0] !== 0x80) throw damaged(where, 'begins like no PyTorch file, expected a pickle or a zip archive');
  if (unpickle(reader, plain) !== LEGACY_MAGIC) throw damaged(where, 'a pickle, but none that torch.save wrote');
  const protocol = unpickle(reader, plain);
  if (protocol !== LEGACY_PROTOCOL) throw damaged(where, `protocol ${protocol}, expected ${LEGACY_PROTOCOL}`);
  const system = unpickle(reader, plain);
  if (!(system instanceof Map) || system.get('little_endian') !== true) {
    throw damaged(where, 'no little-endian system record');
  }

  const storages = new Map<string, Storage>();
  const rules = {
    globals: allowedGlobals(where),
    persistent: (id: PickleValue) => findStorage(id, storages, where),
  };
  const root = unpickle(reader, rules);
  const keys = unpickle(reader, plain);
  if (!Array.isArray(keys) || keys.length !== storages.size) throw damaged(where, 'storage list does not fit');
  for (const key of keys) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (!storage || storage.data) throw damaged(where, 'storage list does not fit');
    const count = reader.u64('storage size');
    if (count !== storage.count) throw damaged(where, `storage of ${count} numbers, expected ${storage.count}`);
    storage.fill(reader.take(storage.byteLength, 'storage'));
  }
  return root;
}

/** `('storage', type, key, device, count)`, in the older layout with view metadata (always None) behind. */
function findStorage(id: PickleValue, storages: Map<string, Storage>, where: string): Storage {
  if (!Array.isArray(id) || id.length < 5 || id.length > 6 || id[0] !== 'storage') {
    throw damaged(where, 'persistent id of no storage');
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
  if (!isValid) throw damaged(where, 'storage record of a kind not known here');
  const known = storages.get(key);
  if (known) {
    if (known.type !== type || known.count !== count) throw damaged(where, `storage ${key} described in two ways`);
    return known;
  }
  if (count * type.elementBytes > MAX_FILE_BYTES) throw damaged(where, `storage of ${count} numbers`);
  const storage = new Storage(type, count);
  storages.set(key, storage);
  return storage;
}

function allowedGlobals(where: string): ReadonlyMap<string, PickleFunction | object> {
  const globals = new Map<string, PickleFunction | object>([
    ['collections OrderedDict', orderedDictionary(where)],
    ['torch._utils _rebuild_tensor_v2', (args: readonly PickleValue[]) => rebuildTensor(args, where)],
    ['torch._utils _rebuild_parameter', (args: readonly PickleValue[]) => rebuildParameter(args, where)],
  ]);
  for (const type of STORAGE_TYPES) {
    globals.set(`torch ${type.name}`, type);
    // Where the tensor lay when it was saved does not matter.
    globals.set(`torch.cuda ${type.name}`, type);
  }
  return globals;
}

function orderedDictionary(where: string): PickleFunction {
  return (args) => {
    if (args.length > 0) throw damaged(where, 'a dictionary made from arguments');
    return new Map();
  };
}

/** (storage, offset, shape, strides, requires_grad, backward_hooks[, metadata]) */
function rebuildTensor(args: readonly PickleValue[], where: string): TensorView {
  const [storage, offset, shape, strides] = args;
  if (!(storage instanceof Storage)) throw damaged(where, 'a tensor without a storage');
  const count = countElements(shape, storage.count);
  const isValid =
    count !== undefined &&
    typeof offset === 'number' &&
    Number.isInteger(offset) &&
    offset >= 0 &&
    Array.isArray(strides) &&
    strides.length === (shape as number[]).length &&
    strides.every((stride) => typeof stride === 'number' && Number.isSafeInteger(stride) && stride >= 0);
  if (!isValid) throw damaged(where, 'a tensor whose shape does not fit its storage');
  const extents = shape as number[];
  const steps = strides as number[];
  let end = offset;
  for (let axis = 0; axis < extents.length; axis++) end += Math.max(extents[axis]! - 1, 0) * steps[axis]!;
  if (count > 0 && end >= storage.count) throw damaged(where, 'a tensor that reaches beyond its storage');
  return new TensorView(storage, offset, extents, steps);
}

/** (tensor, requires_grad, backward_hooks) */
function rebuildParameter(args: readonly PickleValue[], where: string): TensorView {
  if (!(args[0] instanceof TensorView)) throw damaged(where, 'a parameter without a tensor');
  return args[0];
}

/** In the dictionary itself, or one step further in. */
function findTensors(root: PickleValue): Map<string, TensorView> | undefined {
  for (const dictionary of [root, root instanceof Map ? root.get('state_dict') : undefined]) {
    if (!(dictionary instanceof Map)) continue;
    const views = new Map<string, TensorView>();
    for (const [name, value] of dictionary) {
      if (typeof name === 'string' && value instanceof TensorView) views.set(name, value);
    }
    if (views.size > 0) return views;
  }
  return undefined;
}

function materialize(view: TensorView, budget: { bytes: number }, where: string): Tensor | undefined {
  const { storage, shape, strides, offset } = view;
  if (!storage.data) {
    if (storage.type.kind === 'ignored') return undefined;
    throw damaged(where, 'storage without data');
  }
  const count = shape.reduce((product, extent) => product * extent, 1);
  if (isContiguous(shape, strides)) return { shape, data: storage.data.subarray(offset, offset + count) };

  budget.bytes -= count * storage.data.BYTES_PER_ELEMENT;
  if (budget.bytes < 0) throw damaged(where, 'tensors that overlap too often');
  const data = storage.data instanceof Float32Array ? new Float32Array(count) : new Uint16Array(count);
  const index = new Array<number>(shape.length).fill(0);
  let from = offset;
  for (let to = 0; to < count; to++) {
    data[to] = storage.data[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      index[axis] = index[axis]! + 1;
      if (index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return { shape, data };
}

/** Row-major without holes; the stride of an axis of length 1 does not matter. */
function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

function damaged(where: string, problem: string): ModelError {
  return new ModelError('weights-damaged', { where, problem });
}
