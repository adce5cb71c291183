import { ModelError } from '../errors/errors.js';

/** A little-endian cursor over a file's bytes that never reads past its end. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly where: string;
  offset: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, where: string, offset = 0) {
    this.bytes = bytes;
    this.where = where;
    this.offset = offset;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.bytes.length - this.offset;
  }

  /** Moves past `count` bytes and gives where they begin. */
  #advance(count: number, what: string): number {
    if (!(count >= 0 && count <= this.remaining)) {
      throw this.damaged(`${count} bytes of ${what} at byte ${this.offset}, ${this.remaining} are left`);
    }
    const start = this.offset;
    this.offset += count;
    return start;
  }

  take(count: number, what: string): Uint8Array {
    const start = this.#advance(count, what);
    return this.bytes.subarray(start, start + count);
  }

  u8(what: string): number {
    return this.#view.getUint8(this.#advance(1, what));
  }

  u16(what: string): number {
    return this.#view.getUint16(this.#advance(2, what), true);
  }

  u32(what: string): number {
    return this.#view.getUint32(this.#advance(4, what), true);
  }

  i32(what: string): number {
    return this.#view.getInt32(this.#advance(4, what), true);
  }

  /** An unsigned 64-bit number; more than 2^53 − 1 is no size or offset that a file can have. */
  u64(what: string): number {
    const value = Number(this.#view.getBigUint64(this.#advance(8, what), true));
    if (!Number.isSafeInteger(value)) throw this.damaged(`${what} of ${value}, expected a size`);
    return value;
  }

  /** Big-endian, as pickles write their floats. */
  f64BigEndian(what: string): number {
    return this.#view.getFloat64(this.#advance(8, what), false);
  }

  damaged(problem: string): ModelError {
    return new ModelError('weights-damaged', { where: this.where, problem });
  }
}

/** Elements of a shape, or undefined where it is not a list of whole numbers ≥ 0 or counts more than `limit`. */
export function countElements(shape: unknown, limit: number): number | undefined {
  if (!Array.isArray(shape) || shape.length > 8) return undefined;
  let count = 1;
  for (const extent of shape) {
    if (!Number.isSafeInteger(extent) || extent < 0) return undefined;
    count *= extent;
    if (count > limit) return undefined;
  }
  return count;
}
