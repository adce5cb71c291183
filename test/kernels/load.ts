import { readFileSync } from 'node:fs';
import type { instantiate } from '../../build/kernels.js';

/** From the generated declarations: a renamed kernel is a compile error. */
export type Kernels = Awaited<ReturnType<typeof instantiate>>;

/** Every kernel is tested in both. */
export const builds = ['kernels.wasm', 'kernels.debug.wasm'] as const;

const PAGE = 65536;
const GUARD = 64;
/** Four of these are a NaN: what is read outside of a placed array spoils the result. */
const POISON = 0xff;

type Values = Float32Array | Uint16Array | Int32Array | Uint8Array;

/** One instance with its memory, and arrays placed one after the other with poisoned guards between them. */
export class Bench {
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  private next = 0;
  private readonly placed: { address: number; end: number }[] = [];

  constructor(build: string, pages = 32) {
    const module = new WebAssembly.Module(readFileSync(new URL(`../../build/${build}`, import.meta.url)));
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    const instance = new WebAssembly.Instance(module, { env: { memory: this.memory } });
    this.kernels = instance.exports as unknown as Kernels;
    this.clear();
  }

  /** Forgets all arrays and poisons the memory. */
  clear(): void {
    this.next = this.kernels.HEAP_BASE.value;
    this.placed.length = 0;
    new Uint8Array(this.memory.buffer, this.next).fill(POISON);
  }

  /** Address of a 16-byte aligned array (moved on by `shift` bytes), poison before and after it. */
  reserve(bytes: number, shift = 0): number {
    const address = Math.ceil((this.next + GUARD) / 16) * 16 + shift;
    const end = address + bytes;
    if (end + GUARD > this.memory.buffer.byteLength) throw new Error(`test memory too small: ${end + GUARD} bytes`);
    this.placed.push({ address, end });
    this.next = end;
    return address;
  }

  place(values: Values, shift = 0): number {
    const address = this.reserve(values.byteLength, shift);
    this.write(address, values);
    return address;
  }

  /** Address such that the array ends with the memory: whatever reads past it traps. */
  placeAtEnd(values: Float32Array): number {
    const address = this.memory.buffer.byteLength - values.byteLength;
    this.write(address, values);
    return address;
  }

  floats(address: number, count: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, count).slice();
  }

  bytes(address: number, count: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, address, count).slice();
  }

  /** The first address outside of every placed array that was written, if any. */
  strayWrite(): number | undefined {
    const bytes = new Uint8Array(this.memory.buffer);
    let from = this.kernels.HEAP_BASE.value;
    for (const { address, end } of [...this.placed, { address: Math.min(this.next + PAGE, bytes.length), end: 0 }]) {
      for (let at = from; at < address; ++at) if (bytes[at] !== POISON) return at;
      from = end;
    }
    return undefined;
  }

  private write(address: number, values: Values): void {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    new Uint8Array(this.memory.buffer).set(bytes, address);
  }
}

/** Repeatable values in −1 … 1. */
export function randomFloats(count: number, seed: number): Float32Array {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 23 - 1;
  });
}
