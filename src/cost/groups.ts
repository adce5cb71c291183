import type { ResolvedLayer } from '../networks/types.js';
import { type CountingRule, countAllByRule } from './conventions.js';
import { addCounts, countLayer, type ParameterCounts } from './count-layer.js';

export const groupings = ['kind', 'block', 'stage'] as const;
export type Grouping = (typeof groupings)[number];

export interface Group {
  readonly name: string;
  readonly layers: number;
  readonly macs: number;
  /** As the convention counts. */
  readonly count: number;
  readonly params: ParameterCounts;
}

/**
 * Layers together: of one kind (most MACs first), of one block of the paper, or with outputs of one size.
 * Blocks and stages come in the network's order.
 */
export function groupLayers(layers: readonly ResolvedLayer[], by: Grouping, rule: CountingRule): readonly Group[] {
  const members = new Map<string, ResolvedLayer[]>();
  for (const layer of layers) {
    const name = groupName(layer, by);
    const group = members.get(name) ?? [];
    group.push(layer);
    members.set(name, group);
  }
  const groups = [...members].map(([name, group]) => ({
    name,
    layers: group.length,
    ...addCounts(group.map(countLayer)),
    count: countAllByRule(group, rule),
  }));
  return by === 'kind' ? groups.sort((a, b) => b.macs - a.macs) : groups;
}

function groupName(layer: ResolvedLayer, by: Grouping): string {
  switch (by) {
    case 'kind':
      return layer.kind;
    case 'block':
      return layer.block ?? layer.name;
    case 'stage': {
      const { height, width } = layer.outputShape;
      return `${height}×${width}`;
    }
    default:
      return by satisfies never;
  }
}
