import { type ConventionId, conventionIds, conventions } from '../cost/conventions.js';
import { type Cost, cost as costOf } from '../cost/cost.js';
import { chooseCounting, countNetwork } from '../cost/counting.js';
import {
  checkOptions,
  checkValue,
  choiceRule,
  describeValue,
  positiveRule,
  type RuleTable,
  textRule,
  wholeRule,
} from '../domain/option-rules.js';
import { networks as entries, findNetwork, type NetworkFacts, type NetworkId, networkIds } from '../networks/index.js';
import { resolve } from '../networks/resolve.js';

export interface CostOptions {
  /** Width multiplier; 1 by default. */
  readonly alpha?: number;
  /** Side of the network's square input in pixels; by default the paper's. */
  readonly resolution?: number;
  /** Length of the output; 1000 by default, or as the convention's source has it. */
  readonly classes?: number;
  /** `count` and `countedParams` follow this paper or tool; `paper` by default. */
  readonly convention?: ConventionId;
}

/** What a network costs for one image. */
export interface NetworkCost extends Cost {
  /** Multiply-accumulates or FLOPs, as the convention counts them. */
  readonly count: number;
  /** Parameters, as the convention counts them. */
  readonly countedParams: number;
}

const costRules: RuleTable<CostOptions> = {
  alpha: positiveRule,
  resolution: wholeRule({ unit: 'pixels' }),
  classes: wholeRule({ unit: 'classes' }),
  convention: choiceRule(conventionIds),
};

/**
 * Counts a network; no weights are needed.
 * Throws UsageError for an unknown network, a wrong option, or an α or resolution that the network cannot have.
 */
export function cost(network: NetworkId, options: CostOptions = {}): NetworkCost {
  const id = checkValue(network, textRule, `cost: network ${describeValue(network)}`);
  const { alpha, resolution, classes, convention } = checkOptions<CostOptions>(options, costRules, 'cost');
  const entry = findNetwork(id);
  const outputs = classes ?? (convention && conventions[convention].classes);
  const built = entry.build({
    ...(alpha !== undefined && { alpha }),
    ...(outputs !== undefined && { classes: outputs }),
  });
  const resolved = resolve(built, { resolution: resolution ?? entry.defaultResolution });
  const { count, params } = countNetwork(resolved, chooseCounting(convention ? { convention } : {}, id));
  return { ...costOf(resolved), count, countedParams: params };
}

/** The networks that can be counted, by their ids; all but those with `costOnly` can be loaded with weights. */
export const networks: Readonly<Record<NetworkId, NetworkFacts>> = Object.freeze(
  Object.fromEntries(networkIds.map((id) => [id, factsOf(id)])) as Record<NetworkId, NetworkFacts>,
);

function factsOf(id: NetworkId): NetworkFacts {
  const { build: _, ...facts } = entries[id];
  return facts;
}
