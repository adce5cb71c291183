import { bindKernels, createMemory } from '../kernels.js';
import { type Session, type SessionOptions, startSession } from '../session.js';
import type { ExactNetwork } from './preparation.js';

/**
 * A quantised network in memory, computed in the integers of TFLite's reference kernels.
 * Throws ModelError where its scales cannot be computed with, or its maps are too large.
 */
export function createExactSession(
  network: ExactNetwork,
  options: Pick<SessionOptions, 'threads' | 'deterministic' | 'keep'> = {},
): Promise<Session> {
  return startSession(options, async (kernels, crew) => {
    const { NO_WEIGHTS, prepareExact } = await import('./preparation.js');
    const preparation = prepareExact(network, kernels);
    const layout = preparation.plan({ threads: crew?.threads ?? 1, ...(options.keep && { keep: options.keep }) });
    const memory = createMemory(layout.memoryBytes);
    const pool = crew?.assign(layout, kernels, memory);
    const target = { memory: memory.buffer, kernels: bindKernels(kernels, memory), staging: layout.arenaAddress };
    preparation.pack(layout, NO_WEIGHTS, target);
    return { layout, memory, pool };
  });
}
