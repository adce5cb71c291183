import { nameOf } from './choose-output.js';
import type { FrozenNode } from './graph-def.js';

/** How far a mask of dropout is from its random numbers: shifted, scaled, rounded or compared, cast. */
const MASK_STEPS = 8;
const MASKING = /^(Mul|Select(V2)?)$/;
const SCALING = /^(Mul|RealDiv|Div)$/;

/**
 * The graph with dropout as in inference, where it does nothing: x ÷ kept × mask becomes x. Left in place, its random
 * numbers are an operator that is refused by name.
 */
export function withoutDropout(nodes: ReadonlyMap<string, FrozenNode>): ReadonlyMap<string, FrozenNode> {
  if (![...nodes.values()].some(({ op }) => op === 'RandomUniform')) return nodes;
  const result = new Map(nodes);
  for (const node of nodes.values()) {
    const kept = MASKING.test(node.op) ? keptInput(node, nodes) : undefined;
    if (kept !== undefined) result.set(node.name, { ...node, op: 'Identity', inputs: [kept] });
  }
  return result;
}

/** What dropout drops values of; undefined for another product. */
function keptInput({ inputs }: FrozenNode, nodes: ReadonlyMap<string, FrozenNode>): string | undefined {
  const mask = inputs.find((input) => isMask(input, nodes, MASK_STEPS));
  const scaled = inputs.map((input) => nodes.get(nameOf(input))).find((each) => each && SCALING.test(each.op));
  return mask === undefined || scaled === undefined ? undefined : scaled.inputs[0];
}

function isMask(name: string, nodes: ReadonlyMap<string, FrozenNode>, steps: number): boolean {
  const node = nodes.get(nameOf(name));
  if (node === undefined || steps === 0) return false;
  if (node.op === 'RandomUniform') return true;
  return (
    /^(Floor|Cast|GreaterEqual|Add(V2)?|Sub|Mul)$/.test(node.op) &&
    node.inputs.some((input) => isMask(input, nodes, steps - 1))
  );
}
