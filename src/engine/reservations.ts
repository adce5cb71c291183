import { align, type Span } from './arena.js';
import type { PackedIntegers } from './int8/layouts.js';
import type { Unplaced } from './kernel-calls.js';
import type { PackedWeights } from './pack.js';

/** Memory that operations ask for while they are lowered: parameters from the heap's base up, scratch in the arena. */
export class Reservations {
  readonly weights: PackedWeights[] = [];
  readonly integers: PackedIntegers[] = [];
  readonly #scratches = new Map<string, Span>();
  #end: number;

  constructor(heapBase: number) {
    this.#end = align(heapBase);
  }

  /** Where the parameters end. */
  get end(): number {
    return this.#end;
  }

  get scratches(): readonly Span[] {
    return [...this.#scratches.values()];
  }

  addWeights(packed: Unplaced<PackedWeights>): number {
    const address = this.#reserve(packed.bytes);
    this.weights.push({ ...packed, address });
    return address;
  }

  addIntegers(packed: Unplaced<PackedIntegers>): number {
    const address = this.#reserve(packed.bytes);
    this.integers.push(
      packed.layout === 'blocks' ? { ...packed, address, padding: address + packed.padding } : { ...packed, address },
    );
    return address;
  }

  /** Scratch memory of the operation at `step`, by what it is for: one name for the same twice, the longer length. */
  scratch(step: number, role: string, bytes: number): string {
    const name = `scratch ${step} ${role}`;
    const known = this.#scratches.get(name)?.bytes ?? 0;
    this.#scratches.set(name, { name, bytes: Math.max(bytes, known), from: step, to: step });
    return name;
  }

  #reserve(bytes: number): number {
    const address = this.#end;
    this.#end += align(bytes);
    return address;
  }
}
