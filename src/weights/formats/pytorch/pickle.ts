import { ModelError } from '../../../errors/errors.js';
import type { ByteReader } from '../../../untrusted-data/byte-reader.js';

/** What a pickle may hold here: plain values, containers, and what the allow-listed globals give. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | PickleFunction
  | object;

export type PickleFunction = (args: readonly PickleValue[]) => PickleValue;

export interface PickleRules {
  /** The only globals that may be named, as `module name`; a function can be called, anything else is a mark. */
  readonly globals: ReadonlyMap<string, PickleFunction | object>;
  /** What a persistent id stands for. */
  readonly persistent: (id: PickleValue) => PickleValue;
}

/** Each step makes at most one small object, so this bounds the memory too; a state dictionary takes some 10,000. */
const MAX_STEPS = 1 << 20;
const MAX_STACK = 1 << 18;
const MAX_MEMO = 1 << 18;
const MAX_STRING = 1 << 16;
const MAX_NAME = 256;

const MARK = Symbol('mark');
/** Not a TextDecoder, whose latin1 is Windows's in some versions of Node.js. */
const latin1 = {
  decode: (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1'),
};
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * A restricted reader of pickles (Python's `pickletools`, protocols 0 … 3 as far as binary writers use them): it
 * builds plain values and calls nothing but the functions in `rules`. It starts at `reader.offset` and leaves it
 * behind the STOP.
 * @throws ModelError `weights-unsafe` for a global that is not allowed, `weights-damaged` for anything malformed
 */
export function unpickle(reader: ByteReader, rules: PickleRules): PickleValue {
  const { where } = reader;
  const stack: (PickleValue | typeof MARK)[] = [];
  const memo = new Map<number, PickleValue>();

  const push = (value: PickleValue | typeof MARK): void => {
    if (stack.length >= MAX_STACK) throw reader.damaged(`pickle stack deeper than ${MAX_STACK}`);
    stack.push(value);
  };
  const pop = (): PickleValue => {
    const value = stack.pop();
    if (value === undefined || value === MARK) throw reader.damaged(`pickle stack empty at byte ${reader.offset}`);
    return value;
  };
  const top = (): PickleValue => {
    const value = stack.at(-1);
    if (value === undefined || value === MARK) throw reader.damaged(`pickle stack empty at byte ${reader.offset}`);
    return value;
  };
  const popToMark = (): PickleValue[] => {
    const at = stack.lastIndexOf(MARK);
    if (at < 0) throw reader.damaged(`pickle without a mark at byte ${reader.offset}`);
    const values = stack.splice(at) as PickleValue[];
    values.shift();
    return values;
  };
  const popMany = (count: number): PickleValue[] => {
    const values: PickleValue[] = [];
    for (let i = 0; i < count; i++) values.unshift(pop());
    return values;
  };
  const remember = (index: number): void => {
    if (memo.size >= MAX_MEMO) throw reader.damaged(`pickle memo larger than ${MAX_MEMO}`);
    memo.set(index, top());
  };
  const recall = (index: number): PickleValue => {
    const value = memo.get(index);
    if (value === undefined) throw reader.damaged(`pickle recalls ${index}, which it never stored`);
    return value;
  };
  const text = (length: number, decoder: { decode(bytes: Uint8Array): string }): string => {
    if (length > MAX_STRING) throw reader.damaged(`string of ${length} bytes, expected at most ${MAX_STRING}`);
    try {
      return decoder.decode(reader.take(length, 'string'));
    } catch (error) {
      throw error instanceof ModelError ? error : reader.damaged('string that is not UTF-8');
    }
  };
  const line = (): string => {
    const end = reader.bytes.subarray(reader.offset, reader.offset + MAX_NAME).indexOf(0x0a);
    if (end < 0) throw reader.damaged('name without an end');
    const name = latin1.decode(reader.take(end, 'name'));
    reader.offset++;
    return name;
  };
  const setItems = (items: readonly PickleValue[]): void => {
    const target = top();
    if (!(target instanceof Map) || items.length % 2 !== 0) throw reader.damaged('items set on no dictionary');
    for (let i = 0; i < items.length; i += 2) target.set(items[i]!, items[i + 1]!);
  };
  const append = (items: readonly PickleValue[]): void => {
    const target = top();
    if (!Array.isArray(target)) throw reader.damaged('items appended to no list');
    for (const item of items) target.push(item);
  };
  const global = (): PickleFunction | object => {
    const name = `${line()} ${line()}`;
    const value = rules.globals.get(name);
    if (value === undefined) {
      const dotted = JSON.stringify(name.replace(' ', '.'));
      throw new ModelError('weights-unsafe', {
        where,
        problem: `names the Python object ${dotted}`,
        expected: 'tensors only',
      });
    }
    return value;
  };
  const reduce = (): PickleValue => {
    const args = pop();
    const callee = pop();
    if (typeof callee !== 'function' || !Array.isArray(args)) throw reader.damaged('call of something not callable');
    return (callee as PickleFunction)(args);
  };

  for (let step = 0; step < MAX_STEPS; step++) {
    const opcode = reader.u8('pickle');
    switch (opcode) {
      case 0x80: {
        const protocol = reader.u8('pickle protocol');
        if (protocol > 5) throw reader.damaged(`pickle protocol ${protocol}, expected at most 5`);
        break;
      }
      case 0x2e: // STOP
        return pop();
      case 0x28: // MARK
        push(MARK);
        break;
      case 0x30: // POP
        if (stack.pop() === undefined) throw reader.damaged('pickle stack empty');
        break;
      case 0x4e: // NONE
        push(null);
        break;
      case 0x88: // NEWTRUE
        push(true);
        break;
      case 0x89: // NEWFALSE
        push(false);
        break;
      case 0x4a: // BININT
        push(reader.i32('integer'));
        break;
      case 0x4b: // BININT1
        push(reader.u8('integer'));
        break;
      case 0x4d: // BININT2
        push(reader.u16('integer'));
        break;
      case 0x8a: // LONG1
        push(longInteger(reader.take(reader.u8('integer length'), 'integer')));
        break;
      case 0x47: // BINFLOAT
        push(reader.f64BigEndian('float'));
        break;
      case 0x58: // BINUNICODE
        push(text(reader.u32('string length'), utf8));
        break;
      case 0x8c: // SHORT_BINUNICODE
        push(text(reader.u8('string length'), utf8));
        break;
      case 0x54: // BINSTRING
        push(text(reader.u32('string length'), latin1));
        break;
      case 0x55: // SHORT_BINSTRING
        push(text(reader.u8('string length'), latin1));
        break;
      case 0x7d: // EMPTY_DICT
        push(new Map());
        break;
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        push([]);
        break;
      case 0x74: // TUPLE
        push(popToMark());
        break;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        push(popMany(opcode - 0x84));
        break;
      case 0x61: // APPEND
        append([pop()]);
        break;
      case 0x65: // APPENDS
        append(popToMark());
        break;
      case 0x73: // SETITEM
        setItems(popMany(2));
        break;
      case 0x75: // SETITEMS
        setItems(popToMark());
        break;
      case 0x71: // BINPUT
        remember(reader.u8('memo index'));
        break;
      case 0x72: // LONG_BINPUT
        remember(reader.u32('memo index'));
        break;
      case 0x68: // BINGET
        push(recall(reader.u8('memo index')));
        break;
      case 0x6a: // LONG_BINGET
        push(recall(reader.u32('memo index')));
        break;
      case 0x63: // GLOBAL
        push(global());
        break;
      case 0x52: // REDUCE
        push(reduce());
        break;
      case 0x62: // BUILD: attributes such as a state dictionary's _metadata; nothing here needs them
        pop();
        top();
        break;
      case 0x51: // BINPERSID
        push(rules.persistent(pop()));
        break;
      default:
        throw reader.damaged(`pickle opcode 0x${opcode.toString(16).padStart(2, '0')} at byte ${reader.offset - 1}`);
    }
  }
  throw reader.damaged(`pickle of more than ${MAX_STEPS} steps`);
}

/** Two's complement, little-endian. */
function longInteger(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  if (bytes.length > 0 && bytes[bytes.length - 1]! >= 0x80) value -= 1n << BigInt(8 * bytes.length);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
