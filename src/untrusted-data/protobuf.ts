import { CUT_OFF, ModelError } from '../errors/errors.js';

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;
const MAX_FIELD = 0x1fffffff;

const utf8 = new TextDecoder();

/** One field of a message; which of its readers fits follows from the field's number. */
export interface Field {
  readonly number: number;
  /** An integer field, as a signed 64-bit number; rounded beyond 2^53. */
  integer(): number;
  /** A `float` field. */
  float32(): number;
  /** The bytes of a string, a message or a packed list: a view. */
  bytes(): Uint8Array;
  text(maxBytes: number): string;
  message(): Message;
  /** A list of integers or floats, packed or (as one of several fields) single, added to `list`. */
  addIntegers(list: number[], maxLength: number): void;
  addFloats(list: number[], maxLength: number): void;
  addDoubles(list: number[], maxLength: number): void;
}

/**
 * A message of the Protocol Buffers wire format (protobuf.dev, "Encoding") in memory. Its fields are found one after
 * the other; lengths are checked against what is left, and nothing is copied. Groups (deprecated) are refused.
 */
export class Message {
  readonly bytes: Uint8Array;
  readonly where: string;

  constructor(bytes: Uint8Array, where: string) {
    this.bytes = bytes;
    this.where = where;
  }

  *fields(): Generator<Field> {
    const cursor = new Cursor(this.bytes, this.where);
    while (cursor.offset < this.bytes.length) {
      const key = cursor.unsigned();
      const wire = key % 8;
      const number = Math.floor(key / 8);
      if (number < 1 || number > MAX_FIELD) throw cursor.damaged(`field number ${number}`);
      yield new WireField(number, wire, cursor.payload(wire), this.where);
    }
  }
}

class WireField implements Field {
  readonly number: number;
  readonly #wire: number;
  readonly #payload: Uint8Array;
  readonly #where: string;

  constructor(number: number, wire: number, payload: Uint8Array, where: string) {
    this.number = number;
    this.#wire = wire;
    this.#payload = payload;
    this.#where = where;
  }

  integer(): number {
    this.#expect(VARINT);
    return new Cursor(this.#payload, this.#where).signed();
  }

  float32(): number {
    this.#expect(FIXED32);
    return this.#view().getFloat32(0, true);
  }

  bytes(): Uint8Array {
    this.#expect(LENGTH_DELIMITED);
    return this.#payload;
  }

  text(maxBytes: number): string {
    const bytes = this.bytes();
    if (bytes.length > maxBytes) throw this.#damaged(`a text of ${bytes.length} bytes, expected at most ${maxBytes}`);
    return utf8.decode(bytes);
  }

  message(): Message {
    return new Message(this.bytes(), this.#where);
  }

  addIntegers(list: number[], maxLength: number): void {
    if (this.#wire === VARINT) {
      list.push(this.integer());
    } else {
      const cursor = new Cursor(this.bytes(), this.#where);
      while (cursor.offset < this.#payload.length && list.length <= maxLength) list.push(cursor.signed());
    }
    if (list.length > maxLength) throw this.#damaged(`a list of more than ${maxLength} integers`);
  }

  addFloats(list: number[], maxLength: number): void {
    this.#addReals(FIXED32, 4, list, maxLength);
  }

  addDoubles(list: number[], maxLength: number): void {
    this.#addReals(FIXED64, 8, list, maxLength);
  }

  /** Single values have the wire type `single`, packed ones are bytes; either way the payload holds the numbers. */
  #addReals(single: number, size: 4 | 8, list: number[], maxLength: number): void {
    const bytes = this.#wire === single ? this.#payload : this.bytes();
    if (bytes.length % size !== 0 || list.length + bytes.length / size > maxLength) {
      throw this.#damaged(`${bytes.length} bytes of floats, expected at most ${size * maxLength}`);
    }
    const view = this.#view();
    for (let at = 0; at < bytes.length; at += size) {
      list.push(size === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true));
    }
  }

  #view(): DataView {
    return new DataView(this.#payload.buffer, this.#payload.byteOffset, this.#payload.byteLength);
  }

  #expect(wire: number): void {
    if (this.#wire !== wire) {
      throw this.#damaged(`field ${this.number} of wire type ${this.#wire}, expected ${wire}`);
    }
  }

  #damaged(problem: string): ModelError {
    return new ModelError('weights-damaged', { where: this.#where, problem });
  }
}

class Cursor {
  offset = 0;
  readonly #bytes: Uint8Array;
  readonly #where: string;

  constructor(bytes: Uint8Array, where: string) {
    this.#bytes = bytes;
    this.#where = where;
  }

  /** A varint of at most 53 bits. */
  unsigned(): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.#bytes[this.offset];
      if (byte === undefined) throw this.damaged('an integer that is cut off');
      this.offset++;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      factor *= 128;
    }
    throw this.damaged('an integer of more than 53 bits');
  }

  /** A varint as the two's complement of 64 bits. */
  signed(): number {
    const start = this.offset;
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.offset];
      if (byte === undefined) throw this.damaged('an integer that is cut off');
      this.offset++;
      if (shift === 0n && byte < 0x80) return byte;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        const signed = BigInt.asIntN(64, value);
        // The largest and smallest int64 stand for "to the end"; nothing else needs more than 53 bits.
        return Number(signed);
      }
    }
    throw this.damaged(`an integer of more than 10 bytes at ${start}`);
  }

  /** The bytes of the field that begins here, and moves past them. */
  payload(wire: number): Uint8Array {
    if (wire === VARINT) {
      const start = this.offset;
      while (this.offset - start < 10) {
        const byte = this.#bytes[this.offset++];
        if (byte === undefined) throw this.damaged('an integer that is cut off');
        if (byte < 0x80) return this.#bytes.subarray(start, this.offset);
      }
      throw this.damaged('an integer of more than 10 bytes');
    }
    if (wire !== LENGTH_DELIMITED && wire !== FIXED32 && wire !== FIXED64) {
      throw this.damaged(`wire type ${wire}, expected 0, 1, 2 or 5`);
    }
    const length = wire === LENGTH_DELIMITED ? this.unsigned() : wire === FIXED32 ? 4 : 8;
    const left = this.#bytes.length - this.offset;
    if (length > left) throw this.damaged(`a field of ${length} bytes, ${left} are left; ${CUT_OFF}`);
    this.offset += length;
    return this.#bytes.subarray(this.offset - length, this.offset);
  }

  damaged(problem: string): ModelError {
    return new ModelError('weights-damaged', { where: this.#where, problem });
  }
}
