import type { ModelError } from '../../../errors/errors.js';
import type { ByteReader } from '../../../untrusted-data/byte-reader.js';
import { PickleClass, type PickleFunction, PickleObject, type PickleRules, type PickleValue } from './pickle-values.js';

const MAX_STACK = 1 << 18;
const MAX_MEMO = 1 << 18;
const MAX_STRING = 1 << 16;
const MAX_NAME = 256;

const MARK = Symbol('mark');
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The stack and the memo of a pickle that is being read, and what its operations have in common. */
export class PickleMachine {
  readonly reader: ByteReader;
  readonly #rules: PickleRules;
  readonly #stack: (PickleValue | typeof MARK)[] = [];
  readonly #memo = new Map<number, PickleValue>();

  constructor(reader: ByteReader, rules: PickleRules) {
    this.reader = reader;
    this.#rules = rules;
  }

  push(value: PickleValue): void {
    this.#put(value);
  }

  pushMark(): void {
    this.#put(MARK);
  }

  pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined || value === MARK) throw this.#empty();
    return value;
  }

  top(): PickleValue {
    const value = this.#stack.at(-1);
    if (value === undefined || value === MARK) throw this.#empty();
    return value;
  }

  /** A value or a mark. */
  drop(): void {
    if (this.#stack.pop() === undefined) throw this.#empty();
  }

  popToMark(): PickleValue[] {
    const at = this.#stack.lastIndexOf(MARK);
    if (at < 0) throw this.reader.damaged(`pickle without a mark at byte ${this.reader.offset}`);
    const values = this.#stack.splice(at) as PickleValue[];
    values.shift();
    return values;
  }

  popMany(count: number): PickleValue[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  remember(index: number): void {
    if (this.#memo.size >= MAX_MEMO) throw this.reader.damaged(`pickle memo larger than ${MAX_MEMO}`);
    this.#memo.set(index, this.top());
  }

  recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.reader.damaged(`pickle recalls ${index}, which it never stored`);
    this.push(value);
  }

  /** A string of `length` bytes. */
  text(length: number, encoding: 'utf8' | 'latin1'): string {
    if (length > MAX_STRING) {
      throw this.reader.damaged(`string of ${length} bytes, expected at most ${MAX_STRING}`);
    }
    const bytes = this.reader.take(length, 'string');
    if (encoding === 'latin1') return decodeLatin1(bytes);
    try {
      return utf8.decode(bytes);
    } catch {
      throw this.reader.damaged('string that is not UTF-8');
    }
  }

  /** Characters up to the end of the line. */
  line(): string {
    const { bytes, offset } = this.reader;
    const end = bytes.subarray(offset, offset + MAX_NAME).indexOf(0x0a);
    if (end < 0) throw this.reader.damaged('name without an end');
    const name = decodeLatin1(this.reader.take(end, 'name'));
    this.reader.offset++;
    return name;
  }

  append(items: readonly PickleValue[]): void {
    const target = this.top();
    // Lists of a class of their own hold nothing that is needed.
    if (target instanceof PickleObject) return;
    if (!Array.isArray(target)) throw this.reader.damaged('items appended to no list');
    for (const item of items) target.push(item);
  }

  setItems(items: readonly PickleValue[]): void {
    const top = this.top();
    const target = top instanceof PickleObject ? top.items : top;
    if (!(target instanceof Map) || items.length % 2 !== 0) throw this.reader.damaged('items set on no dictionary');
    for (let i = 0; i + 1 < items.length; i += 2) target.set(items[i] ?? null, items[i + 1] ?? null);
  }

  pushGlobal(module: string, name: string): void {
    this.push(this.#rules.global(`${module} ${name}`));
  }

  pushPersistent(): void {
    this.push(this.#rules.persistent(this.pop()));
  }

  /** Calls one of the rules' own functions; of a class it makes an object that only holds its arguments. */
  reduce(): void {
    const args = this.pop();
    const callee = this.pop();
    if (!Array.isArray(args)) throw this.reader.damaged('call of something not callable');
    if (callee instanceof PickleClass) this.push(new PickleObject(callee.name, args));
    else if (typeof callee === 'function') this.push((callee as PickleFunction)(args));
    else throw this.reader.damaged('call of something not callable');
  }

  /** Gives an object its attributes; other values (a state dictionary's `_metadata`) need none here. */
  build(): void {
    const state = this.pop();
    const target = this.top();
    if (target instanceof PickleObject) target.state = state;
  }

  /** Under the next free number. */
  memoize(): void {
    this.remember(this.#memo.size);
  }

  #put(value: PickleValue | typeof MARK): void {
    if (this.#stack.length >= MAX_STACK) throw this.reader.damaged(`pickle stack deeper than ${MAX_STACK}`);
    this.#stack.push(value);
  }

  #empty(): ModelError {
    return this.reader.damaged(`pickle stack empty at byte ${this.reader.offset}`);
  }
}

/** Not by a TextDecoder, whose latin1 is Windows's in some versions of Node.js. */
function decodeLatin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
