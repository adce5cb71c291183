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
