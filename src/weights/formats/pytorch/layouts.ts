import { ZipArchive } from '../../../archives/zip.js';
import { damagedWeights, ModelError } from '../../../errors/errors.js';
import { ByteReader } from '../../../untrusted-data/byte-reader.js';
import { noGlobals, SAVE_WEIGHTS, torchGlobals } from './globals.js';
import { unpickle } from './pickle.js';
import type { PickleValue } from './pickle-values.js';
import { Storages } from './storage.js';

const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;
const LEGACY_PROTOCOL = 1001;

/** What a file of torch.save holds, as data, with its storages filled. */
export function readSaved(bytes: Uint8Array, where: string): PickleValue {
  const isZip = bytes.length >= 4 && bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
  return isZip ? readZipLayout(bytes, where) : readLegacyLayout(bytes, where);
}

/** Since torch 1.6, and TorchScript: a pickle, and each storage a member. */
function readZipLayout(bytes: Uint8Array, where: string): PickleValue {
  const archive = new ZipArchive(bytes, where);
  const pickles = archive.names.filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  const [pickle, ...others] = pickles;
  if (archive.names.some((name) => /(^|\/)(serialized_exported_program|models\/\w+)\.json$/.test(name))) {
    throw new ModelError('weights-unknown', { where, problem: 'a program of torch.export', remedy: SAVE_WEIGHTS });
  }
  if (pickle === undefined || others.length > 0) {
    throw damagedWeights(where, `${pickles.length} members */data.pkl, expected one`);
  }
  const folder = pickle.slice(0, -'data.pkl'.length);
  if (archive.names.includes(`${folder}byteorder`)) {
    const order = new TextDecoder().decode(archive.read(`${folder}byteorder`));
    if (order !== 'little')
      throw damagedWeights(where, `byte order ${JSON.stringify(order.slice(0, 20))}, expected little`);
  }
  const storages = new Storages(where);
  const rules = { global: torchGlobals(where), persistent: (id: PickleValue) => storages.find(id) };
  const root = unpickle(new ByteReader(archive.read(pickle), where), rules);
  for (const [key, storage] of storages.entries()) {
    const data = archive.read(`${folder}data/${key}`);
    if (data.length !== storage.byteLength) {
      throw damagedWeights(
        where,
        `${data.length} bytes in storage ${JSON.stringify(key)}, expected ${storage.byteLength}`,
      );
    }
    storage.fill(data);
  }
  return root;
}

/** Before torch 1.6: pickles one after the other, then the storages. */
function readLegacyLayout(bytes: Uint8Array, where: string): PickleValue {
  const reader = new ByteReader(bytes, where);
  const plain = {
    global: noGlobals(where),
    persistent: () => {
      throw damagedWeights(where, 'a storage before the state dictionary');
    },
  };
  if (bytes[0] !== 0x80) throw damagedWeights(where, 'begins like no PyTorch file, expected a pickle or a zip archive');
  if (unpickle(reader, plain) !== LEGACY_MAGIC) throw damagedWeights(where, 'a pickle, but none that torch.save wrote');
  const protocol = unpickle(reader, plain);
  if (protocol !== LEGACY_PROTOCOL) throw damagedWeights(where, `protocol ${protocol}, expected ${LEGACY_PROTOCOL}`);
  const system = unpickle(reader, plain);
  if (!(system instanceof Map) || system.get('little_endian') !== true) {
    throw damagedWeights(where, 'no little-endian system record');
  }

  const storages = new Storages(where);
  // A whole model's modules come with their source code, as persistent ids too.
  const persistent = (id: PickleValue) =>
    Array.isArray(id) && id[0] === 'module' ? (id[1] ?? null) : storages.find(id);
  const root = unpickle(reader, { global: torchGlobals(where), persistent });
  const keys = unpickle(reader, plain);
  if (!Array.isArray(keys) || keys.length !== storages.size) throw damagedWeights(where, 'storage list does not fit');
  for (const key of keys) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (!storage || storage.data) throw damagedWeights(where, 'storage list does not fit');
    const count = reader.u64('storage size');
    if (count !== storage.count) throw damagedWeights(where, `storage of ${count} numbers, expected ${storage.count}`);
    storage.fill(reader.take(storage.byteLength, 'storage'));
  }
  return root;
}
