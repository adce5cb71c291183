import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as zlib from 'node:zlib';
import type { PackedParameters, PackedPlan, PackedStore } from '../engine/int8/packed-store.js';
import { nameCall, orderCall } from '../engine/kernel-signatures.js';
import type { Step } from '../engine/plan.js';
import { keepFile } from '../files/cache-files.js';
import { places } from '../store/home.js';

const ENDING = '.mobilenet-packed';
const MOST_FILES = 8;
/** Of the plan, and of the whole. */
const MAX_PLAN_BYTES = 1024 * 1024;
const MAX_BYTES = 2 ** 28;

/** u32 each: length and CRC-32 of the plan's JSON, length and CRC-32 of the parameters. The plan follows, then those. */
const HEADER_WORDS = 4;

/**
 * Packed parameters in files of the store's folder. A file's name says of what it is: weights and levels (`key`), kernels and
 * threads, and the code that plans and packs. They only save time: what cannot be read, or is damaged, is not there, and what
 * cannot be written is not kept.
 * @param key letters, digits, dots, _ and - that name weights and levels
 */
export function packedStore(home: string, key: string): PackedStore {
  const nameOf = (variant: string) => `${key}.${variant}.${ownCode()}`;
  return {
    find(variant) {
      try {
        return openPacked(places.packed(home, nameOf(variant) + ENDING));
      } catch {
        return undefined;
      }
    },
    keep(variant, plan, parameters) {
      const json = new TextEncoder().encode(JSON.stringify({ ...plan, steps: plan.steps.map(packStep) }));
      const header = Uint32Array.of(json.length, zlib.crc32(json), parameters.length, zlib.crc32(parameters));
      const folder = { path: places.packed(home), ending: ENDING, most: MOST_FILES };
      keepFile(folder, nameOf(variant), [new Uint8Array(header.buffer), json, parameters]);
    },
  };
}

/** The file that runs is part of what a packed form follows from: in the built command it has all the code, or names it. */
function ownCode(): string {
  return zlib.crc32(readFileSync(fileURLToPath(import.meta.url))).toString(16);
}

/** Throws where there is none, or not a whole one. */
function openPacked(path: string): PackedParameters {
  const descriptor = openSync(path, 'r');
  try {
    const header = new Uint32Array(HEADER_WORDS);
    readSync(descriptor, header, 0, header.byteLength, 0);
    const [jsonBytes, jsonChecksum, bytes, checksum] = header as unknown as [number, number, number, number];
    const start = header.byteLength + jsonBytes;
    const { size } = fstatSync(descriptor);
    if (jsonBytes > MAX_PLAN_BYTES || size > MAX_BYTES || size !== start + bytes) throw new RangeError(path);
    const json = Buffer.alloc(jsonBytes);
    readSync(descriptor, json, 0, jsonBytes, header.byteLength);
    if (zlib.crc32(json) !== jsonChecksum) throw new RangeError(path);
    const read: Omit<PackedPlan, 'steps'> & { readonly steps: readonly KeptStep[] } = JSON.parse(json.toString());
    const plan = { ...read, steps: read.steps.map(unpackStep) };
    return { plan, bytes, read: (into) => readParameters(path, start, into) && zlib.crc32(into) === checksum };
  } finally {
    closeSync(descriptor);
  }
}

/** A step in a file: its arguments in the kernel's order, so that their names take no room. */
type KeptStep = Omit<Step, 'args'> & { readonly args: readonly (number | string)[] };

/** JSON has no infinite numbers, and clamps do: there they are texts. */
function packStep(step: Step): KeptStep {
  return { ...step, args: orderCall(step).args.map((arg) => (Number.isFinite(arg) ? arg : String(arg))) };
}

function unpackStep({ args, ...step }: KeptStep): Step {
  return { ...step, ...nameCall({ kernel: step.kernel, args: args.map(Number) }) };
}

function readParameters(path: string, start: number, into: Uint8Array): boolean {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    let filled = 0;
    while (filled < into.length) {
      const count = readSync(descriptor, into, filled, into.length - filled, start + filled);
      if (count === 0) return false;
      filled += count;
    }
    return true;
  } catch {
    return false;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
