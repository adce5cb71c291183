import { costTotals } from '../cost/cost.js';
import type { CostFacts } from '../domain/classification.js';
import { type ModelChoice, preferExact } from '../domain/model-choice.js';
import { UsageError } from '../errors/errors.js';
import { chooseModel } from '../models/choose.js';
import type { Model } from '../models/model.js';
import { openOnThisThread } from './this-thread.js';
import type { Runner, RunnerOptions, RunnerPlan } from './types.js';

/**
 * Opens a model to classify pictures: the one way for every command and for the library. A quantised file runs in its own integers.
 *
 *     ModelChoice → models/choose.ts → Model ─ thread ─→ this-thread.ts (session, alone or with others that share the work)
 *                                            ─ lanes  ─→ lanes.ts (one memory, a thread for each lane), with
 *                                                        decode-processes.ts where decoding has a time limit
 *
 * @throws UsageError for an unknown network or options that contradict each other, ModelError where weights are missing or
 * damaged; on this thread an error in the weights themselves shows in `ready` and in every picture
 */
export async function openRunner(choice: ModelChoice, plan: RunnerPlan, options: RunnerOptions = {}): Promise<Runner> {
  return openModel(await chooseModel(preferExact(choice)), plan, options);
}

/** The same for a model that has been chosen. */
export async function openModel(model: Model, plan: RunnerPlan, options: RunnerOptions = {}): Promise<Runner> {
  refuseMaps(model, options.keep);
  const cost = costOf(model);
  const { unknown } = model;
  if (unknown && !model.exact) {
    // Apart, as few models need it.
    const { openUnknownDetector, detecting } = await import('./unknown.js');
    const { keep = [] } = options;
    const detector = await openUnknownDetector(model, unknown);
    const kept = { ...options, keep: [...new Set([...keep, detector.layer])] };
    const { unknown: _, ...plain } = model;
    const runner = await openModel(plain, plan, kept);
    return { ...runner, tellsUnknown: true, classify: detecting(runner.classify, detector, keep) };
  }
  const facts = { model: model.facts, cost, notes: model.notes, readLabels: () => model.readLabels() };
  if (plan.kind === 'thread') return { ...facts, ...openOnThisThread(model, cost.macs, plan, options) };
  // Apart, as a few pictures need none of it.
  const { openLanes } = await import('./lanes.js');
  return { ...facts, ...(await openLanes(model, cost.macs, plan, options)) };
}

function refuseMaps({ exact }: Model, keep: readonly string[] = []): void {
  if (!exact || keep.every((name) => name === exact.output)) return;
  throw new UsageError({ where: 'exact', problem: 'exact integers give the classes alone, no maps of other layers' });
}

function costOf({ network }: Model): CostFacts {
  const { macs, flops, params } = costTotals(network);
  return { macs, flops, params: params.trainable };
}
