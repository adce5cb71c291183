/** What a pickle may hold here: plain values, containers, and what the rules give for globals. */
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
  /** What a global, `module name`, stands for: a function can be called, anything else is a mark. Throws to refuse. */
  readonly global: (name: string) => PickleFunction | object;
  /** What a persistent id stands for. */
  readonly persistent: (id: PickleValue) => PickleValue;
}

/** A class or function of Python's that is named and never looked up: a mark. */
export class PickleClass {
  /** `module name` */
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** What Python would make an object of, as data: nothing is executed. */
export class PickleObject {
  readonly className: string;
  readonly args: readonly PickleValue[];
  /** Its attributes, as a rule. */
  state: PickleValue = null;
  /** Of a dictionary's subclass. */
  readonly items = new Map<PickleValue, PickleValue>();

  constructor(className: string, args: readonly PickleValue[]) {
    this.className = className;
    this.args = args;
  }
}
