import type { Activation } from '../../../networks/types.js';
import type { Target } from '../../graph/builder.js';
import type { MapValue } from '../../graph/value.js';
import type { Table } from './flatbuffer.js';
import type { TfliteImporter, TfliteNode } from './importer.js';
import { ACTIVATION_NAMES } from './schema.js';

/** By `ActivationFunctionType`; the one to −1…1 is a clip. */
const FUSED: readonly (Activation | 'clip' | undefined)[] = ['linear', 'relu', 'clip', 'relu6', 'tanh'];

export type FusedActivation = Activation | 'clip';

/** What an operator does with its result before it gives it. */
export function readActivation(
  importer: TfliteImporter,
  node: TfliteNode,
  options: Table | undefined,
  slot: number,
): FusedActivation {
  const code = options?.int8(slot, 0) ?? 0;
  const activation = FUSED[code];
  if (activation === undefined) {
    const name = ACTIVATION_NAMES[code] ?? `number ${code}`;
    throw importer.unsupported(`${node.operator} with activation ${name}, expected NONE, RELU, RELU6 or TANH`);
  }
  return activation;
}

export function applyActivation(
  { builder }: TfliteImporter,
  value: MapValue,
  activation: FusedActivation,
  target: Target,
): MapValue {
  if (activation === 'linear') return value;
  if (activation === 'clip') return builder.clip(value, [-1, 1], target);
  return builder.activate(value, activation, target);
}
