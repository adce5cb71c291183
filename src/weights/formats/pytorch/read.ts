import { ZipArchive } from '../../../archives/zip.js';
import { ModelError } from '../../../errors/errors.js';
import { ByteReader } from '../../../untrusted-data/byte-reader.js';
import { MAX_FILE_BYTES } from '../../../untrusted-data/regular-file.js';
import type { NamedTensors, Tensor } from '../../types.js';
import { unpickle } from './pickle.js';
import type { PickleFunction, PickleValue } from './pickle-values.js';
import { gatherTensor, rebuildTensor, STORAGE_TYPES, Storages, TensorView } from './storage.js';

const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;
const LEGACY_PROTOCOL = 1001;

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
    const tensor = gatherTensor(view, budget, `${where}: ${JSON.stringify(name)}`);
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
  const storages = new Storages(where);
  const rules = {
    global: allowedGlobals(where),
    persistent: (id: PickleValue) => storages.find(id),
  };
  const root = unpickle(new ByteReader(archive.read(pickles[0]!), where), rules);
  for (const [key, storage] of storages.entries()) {
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
    global: refuseGlobals(where),
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

  const storages = new Storages(where);
  const rules = {
    global: allowedGlobals(where),
    persistent: (id: PickleValue) => storages.find(id),
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

function refuseGlobals(where: string, allowed: ReadonlyMap<string, PickleFunction | object> = new Map()) {
  return (name: string): PickleFunction | object => {
    const value = allowed.get(name);
    if (value !== undefined) return value;
    throw new ModelError('weights-unsafe', {
      where,
      problem: `names the Python object ${JSON.stringify(name.replace(' ', '.'))}`,
      expected: 'tensors only',
    });
  };
}

function allowedGlobals(where: string) {
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
  return refuseGlobals(where, globals);
}

function orderedDictionary(where: string): PickleFunction {
  return (args) => {
    if (args.length > 0) throw damaged(where, 'a dictionary made from arguments');
    return new Map();
  };
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

function damaged(where: string, problem: string): ModelError {
  return new ModelError('weights-damaged', { where, problem });
}
