import type { PickleMachine } from './pickle-machine.js';

type Operate = (machine: PickleMachine) => void;

const MAX_PROTOCOL = 5;

/** Ends a pickle; its value is what is on the stack. */
export const STOP = 0x2e;

/** What each opcode does; names as in Python's `pickletools`. */
export const PICKLE_OPERATIONS: ReadonlyMap<number, Operate> = new Map<number, Operate>([
  [0x80, checkProtocol], // PROTO
  [0x95, ({ reader }) => reader.take(8, 'frame')], // FRAME: the length of what follows
  // The stack
  [0x28, (machine) => machine.pushMark()], // MARK
  [0x30, (machine) => machine.drop()], // POP
  [0x31, (machine) => machine.popToMark()], // POP_MARK
  [0x94, (machine) => machine.memoize()], // MEMOIZE
  [0x71, (machine) => machine.remember(machine.reader.u8('memo index'))], // BINPUT
  [0x72, (machine) => machine.remember(machine.reader.u32('memo index'))], // LONG_BINPUT
  [0x68, (machine) => machine.recall(machine.reader.u8('memo index'))], // BINGET
  [0x6a, (machine) => machine.recall(machine.reader.u32('memo index'))], // LONG_BINGET
  // Plain values
  [0x4e, (machine) => machine.push(null)], // NONE
  [0x88, (machine) => machine.push(true)], // NEWTRUE
  [0x89, (machine) => machine.push(false)], // NEWFALSE
  [0x4a, (machine) => machine.push(machine.reader.i32('integer'))], // BININT
  [0x4b, (machine) => machine.push(machine.reader.u8('integer'))], // BININT1
  [0x4d, (machine) => machine.push(machine.reader.u16('integer'))], // BININT2
  [0x8a, pushLong], // LONG1
  [0x47, (machine) => machine.push(machine.reader.f64BigEndian('float'))], // BINFLOAT
  [0x58, (machine) => machine.push(machine.text(machine.reader.u32('string length'), 'utf8'))], // BINUNICODE
  [0x8c, (machine) => machine.push(machine.text(machine.reader.u8('string length'), 'utf8'))], // SHORT_BINUNICODE
  [0x54, (machine) => machine.push(machine.text(machine.reader.u32('string length'), 'latin1'))], // BINSTRING
  [0x55, (machine) => machine.push(machine.text(machine.reader.u8('string length'), 'latin1'))], // SHORT_BINSTRING
  [0x42, (machine) => pushBytes(machine, machine.reader.u32('length'))], // BINBYTES
  [0x43, (machine) => pushBytes(machine, machine.reader.u8('length'))], // SHORT_BINBYTES
  [0x8e, (machine) => pushBytes(machine, machine.reader.u64('length'))], // BINBYTES8
  [0x96, (machine) => pushBytes(machine, machine.reader.u64('length'))], // BYTEARRAY8
  // Containers; a set is a list here
  [0x8f, (machine) => machine.push([])], // EMPTY_SET
  [0x90, (machine) => machine.append(machine.popToMark())], // ADDITEMS
  [0x91, (machine) => machine.push(machine.popToMark())], // FROZENSET
  [0x7d, (machine) => machine.push(new Map())], // EMPTY_DICT
  [0x5d, (machine) => machine.push([])], // EMPTY_LIST
  [0x29, (machine) => machine.push([])], // EMPTY_TUPLE
  [0x74, (machine) => machine.push(machine.popToMark())], // TUPLE
  [0x85, (machine) => machine.push(machine.popMany(1))], // TUPLE1
  [0x86, (machine) => machine.push(machine.popMany(2))], // TUPLE2
  [0x87, (machine) => machine.push(machine.popMany(3))], // TUPLE3
  [0x61, (machine) => machine.append(machine.popMany(1))], // APPEND
  [0x65, (machine) => machine.append(machine.popToMark())], // APPENDS
  [0x73, (machine) => machine.setItems(machine.popMany(2))], // SETITEM
  [0x75, (machine) => machine.setItems(machine.popToMark())], // SETITEMS
  // Objects
  [0x63, (machine) => machine.pushGlobal(machine.line(), machine.line())], // GLOBAL
  [0x52, (machine) => machine.reduce()], // REDUCE
  [0x93, pushStackGlobal], // STACK_GLOBAL
  [0x62, (machine) => machine.build()], // BUILD
  [0x81, (machine) => machine.reduce()], // NEWOBJ: a class and its arguments
  [0x92, makeWithKeywords], // NEWOBJ_EX
  [0x51, (machine) => machine.pushPersistent()], // BINPERSID
]);

function checkProtocol({ reader }: PickleMachine): void {
  const protocol = reader.u8('pickle protocol');
  if (protocol > MAX_PROTOCOL) {
    throw reader.damaged(`pickle protocol ${protocol}, expected at most ${MAX_PROTOCOL}`);
  }
}

function pushStackGlobal(machine: PickleMachine): void {
  const [module, name] = machine.popMany(2);
  if (typeof module !== 'string' || typeof name !== 'string') throw machine.reader.damaged('a global without a name');
  machine.pushGlobal(module, name);
}

/** As NEWOBJ, with keyword arguments, which nothing here needs. */
function makeWithKeywords(machine: PickleMachine): void {
  machine.pop();
  machine.reduce();
}

function pushBytes(machine: PickleMachine, length: number): void {
  machine.push(machine.reader.take(length, 'bytes'));
}

/** Two's complement, little-endian. */
function pushLong(machine: PickleMachine): void {
  const { reader } = machine;
  const bytes = reader.take(reader.u8('integer length'), 'integer').toReversed();
  const digits = Buffer.from(bytes).toString('hex');
  let value = BigInt(`0x${digits || '0'}`);
  if ((bytes[0] ?? 0) >= 0x80) value -= 1n << BigInt(8 * bytes.length);
  const number = Number(value);
  machine.push(Number.isSafeInteger(number) ? number : value);
}
