import type { ByteReader } from '../../../untrusted-data/byte-reader.js';
import { PickleMachine } from './pickle-machine.js';
import { PICKLE_OPERATIONS, STOP } from './pickle-operations.js';
import type { PickleRules, PickleValue } from './pickle-values.js';

/** Each step makes at most one small object, so this bounds the memory too; a state dictionary takes some 10,000. */
const MAX_STEPS = 1 << 20;

/**
 * A restricted reader of pickles (Python's `pickletools`, protocols 0 … 5 as far as binary writers use them): it
 * builds plain values and calls nothing but the functions in `rules`. It starts at `reader.offset` and leaves it
 * behind the STOP.
 * @throws ModelError `weights-unsafe` for a global that is not allowed, `weights-damaged` for anything malformed
 */
export function unpickle(reader: ByteReader, rules: PickleRules): PickleValue {
  const machine = new PickleMachine(reader, rules);
  for (let step = 0; step < MAX_STEPS; step++) {
    const opcode = reader.u8('pickle');
    if (opcode === STOP) return machine.pop();
    const operate = PICKLE_OPERATIONS.get(opcode);
    if (operate === undefined) {
      throw reader.damaged(`pickle opcode 0x${opcode.toString(16).padStart(2, '0')} at byte ${reader.offset - 1}`);
    }
    operate(machine);
  }
  throw reader.damaged(`pickle of more than ${MAX_STEPS} steps`);
}
