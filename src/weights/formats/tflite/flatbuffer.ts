import { CUT_OFF, ModelError } from '../../../errors/errors.js';

/**
 * A bounded view of a flatbuffer: little-endian tables whose fields are found through a table of offsets (the vtable).
 * Every offset and length is checked against the file before it is followed, nothing is copied until it is asked for,
 * and a fault is `ModelError('weights-damaged')`. Format: https://flatbuffers.dev/internals/
 */
export class Flatbuffer {
  readonly bytes: Uint8Array;
  readonly where: string;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, where: string) {
    this.bytes = bytes;
    this.where = where;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  root(): Table {
    return new Table(this, this.follow(0));
  }

  /** Four characters behind the root offset that say what the file holds. */
  identifier(): string {
    this.check(4, 4);
    return String.fromCharCode(...this.bytes.subarray(4, 8));
  }

  /** Position that the unsigned offset stored at `position` points to. */
  follow(position: number): number {
    const target = position + this.uint32(position);
    this.check(target, 4);
    return target;
  }

  uint8(position: number): number {
    this.check(position, 1);
    return this.#view.getUint8(position);
  }

  int8(position: number): number {
    this.check(position, 1);
    return this.#view.getInt8(position);
  }

  uint16(position: number): number {
    this.check(position, 2);
    return this.#view.getUint16(position, true);
  }

  uint32(position: number): number {
    this.check(position, 4);
    return this.#view.getUint32(position, true);
  }

  int32(position: number): number {
    this.check(position, 4);
    return this.#view.getInt32(position, true);
  }

  /** Rounded to a double where it is beyond 2⁵³. */
  int64(position: number): number {
    this.check(position, 8);
    return Number(this.#view.getBigInt64(position, true));
  }

  float32(position: number): number {
    this.check(position, 4);
    return this.#view.getFloat32(position, true);
  }

  check(position: number, length: number): void {
    if (position < 0 || position + length > this.bytes.length) {
      throw this.damaged(
        `an offset leads to byte ${position}, expected one inside of the ${this.bytes.length} bytes; ${CUT_OFF}`,
      );
    }
  }

  damaged(what: string): ModelError {
    return new ModelError('weights-damaged', { where: this.where, problem: what });
  }
}

/** One table; fields are named by their slot, the order of declaration in the schema from 0. */
export class Table {
  readonly buffer: Flatbuffer;
  readonly #position: number;
  readonly #fields: number;
  readonly #fieldsLength: number;
  readonly #length: number;

  constructor(buffer: Flatbuffer, position: number) {
    this.buffer = buffer;
    this.#position = position;
    this.#fields = position - buffer.int32(position);
    this.#fieldsLength = buffer.uint16(this.#fields);
    this.#length = buffer.uint16(this.#fields + 2);
    if (this.#fieldsLength < 4 || this.#length < 4) {
      throw buffer.damaged(`a table at byte ${position} has no room for its own header, expected at least 4 bytes`);
    }
    buffer.check(this.#fields, this.#fieldsLength);
    buffer.check(position, this.#length);
  }

  uint8(slot: number, absent: number): number {
    const position = this.#find(slot, 1);
    return position === undefined ? absent : this.buffer.uint8(position);
  }

  int8(slot: number, absent: number): number {
    const position = this.#find(slot, 1);
    return position === undefined ? absent : this.buffer.int8(position);
  }

  uint32(slot: number, absent: number): number {
    const position = this.#find(slot, 4);
    return position === undefined ? absent : this.buffer.uint32(position);
  }

  int32(slot: number, absent: number): number {
    const position = this.#find(slot, 4);
    return position === undefined ? absent : this.buffer.int32(position);
  }

  float32(slot: number, absent: number): number {
    const position = this.#find(slot, 4);
    return position === undefined ? absent : this.buffer.float32(position);
  }

  has(slot: number): boolean {
    return this.#find(slot, 1) !== undefined;
  }

  table(slot: number): Table | undefined {
    const position = this.#find(slot, 4);
    return position === undefined ? undefined : new Table(this.buffer, this.buffer.follow(position));
  }

  /** An absent vector is an empty one. */
  vector(slot: number, itemLength: number): Vector {
    const position = this.#find(slot, 4);
    return position === undefined
      ? new Vector(this.buffer, 0, 0, itemLength)
      : Vector.at(this.buffer, this.buffer.follow(position), itemLength);
  }

  /** At most `longest` bytes of a string, bytes that are no UTF-8 replaced. */
  string(slot: number, longest: number): string {
    const bytes = this.vector(slot, 1).bytes();
    return new TextDecoder().decode(bytes.subarray(0, longest));
  }

  #find(slot: number, width: number): number | undefined {
    const entry = 4 + 2 * slot;
    if (entry + 2 > this.#fieldsLength) return undefined;
    const offset = this.buffer.uint16(this.#fields + entry);
    if (offset === 0) return undefined;
    if (offset + width > this.#length) {
      throw this.buffer.damaged(`field ${slot} of the table at byte ${this.#position} lies outside of its table`);
    }
    return this.#position + offset;
  }
}

/** Items in a row; its length was checked against the file when it was made. */
export class Vector {
  readonly length: number;
  readonly #buffer: Flatbuffer;
  readonly #start: number;
  readonly #itemLength: number;

  constructor(buffer: Flatbuffer, start: number, length: number, itemLength: number) {
    this.length = length;
    this.#buffer = buffer;
    this.#start = start;
    this.#itemLength = itemLength;
  }

  static at(buffer: Flatbuffer, position: number, itemLength: number): Vector {
    const length = buffer.uint32(position);
    if (length * itemLength > buffer.bytes.length - position - 4) {
      throw buffer.damaged(
        `a vector at byte ${position} says ${length} items of ${itemLength} bytes, more than the file has left`,
      );
    }
    return new Vector(buffer, position + 4, length, itemLength);
  }

  int32(index: number): number {
    return this.#buffer.int32(this.#locate(index));
  }

  int64(index: number): number {
    return this.#buffer.int64(this.#locate(index));
  }

  float32(index: number): number {
    return this.#buffer.float32(this.#locate(index));
  }

  table(index: number): Table {
    return new Table(this.#buffer, this.#buffer.follow(this.#locate(index)));
  }

  /** The vector itself, not a copy. */
  bytes(): Uint8Array {
    return this.#buffer.bytes.subarray(this.#start, this.#start + this.length * this.#itemLength);
  }

  #locate(index: number): number {
    if (!(index >= 0 && index < this.length)) {
      throw this.#buffer.damaged(`item ${index} of a vector of ${this.length} is asked for`);
    }
    return this.#start + index * this.#itemLength;
  }
}
