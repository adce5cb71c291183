import type { CostRecord, LayerRecord } from '../cost/describe.js';
import { bench } from './bench.js';
import { measureCopy } from './copy-bandwidth.js';

/**
 * Runs the network step by step and puts the time beside each layer's MACs. A layer that is folded into another's step, such
 * as the addition into the projection before it, has null.
 * @param options `model`: an installed model, in place of the network
 */
export async function measureCost(
  cost: CostRecord,
  { model = cost.network, ...options }: { readonly runs?: number; readonly model?: string } = {},
): Promise<CostRecord> {
  const { alpha, resolution } = cost;
  const { record, facts } = await bench({ model, alpha, resolution, layers: true, ...options });
  const steps = new Map<string, { ms: number; macs: number }>();
  for (const { mainLayer, ms, macs } of record.layers!) {
    const step = steps.get(mainLayer) ?? { ms: 0, macs: 0 };
    steps.set(mainLayer, { ms: step.ms + ms, macs: step.macs + macs });
  }
  const layers = cost.layers.map((layer): LayerRecord => {
    const step = steps.get(layer.name);
    if (!step) return { ...layer, ms: null, gmacsPerSecond: null };
    const speed = step.macs > 0 && step.ms > 0 ? Number((step.macs / step.ms / 1e6).toFixed(3)) : null;
    return { ...layer, ms: Number(step.ms.toFixed(4)), gmacsPerSecond: speed };
  });
  const { runtime, ceiling, weights } = facts;
  return {
    ...cost,
    layers,
    measured: {
      ms: record.ms.median,
      gmacsPerSecond: record.gmacsPerSecond,
      ceiling,
      bandwidth: measureCopy(),
      runtime,
      weights: weights === 'seeded' ? 'seeded weights' : weights,
    },
  };
}
