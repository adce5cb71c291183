import { join } from 'node:path';
import { setEnvironmentData, type Worker } from 'node:worker_threads';
import { LANE_PROGRAM } from '../../runners/messages.js';
import type { CompiledScript } from './code-files.js';

/** Environment data of threads: what was kept of the scripts of lanes, by the names that they have there. */
export const LANE_CODE = 'mobilenet lane code';

/** What a lane sends when it has compiled anew. */
export interface LaneCompiled {
  readonly compiled: readonly CompiledScript[];
}

export interface LaneCode {
  /** What lanes have compiled anew. */
  received(): readonly CompiledScript[];
}

/** A lane calls other functions of a script than the main thread does: kept apart from the same script's there. */
const PREFIX = 'lane:';

/**
 * From now on lanes begin with lane-start.cjs, compile from what was kept, and send back what was not.
 * @param folder where lane-start.cjs lies
 */
export function shareWithLanes(folder: string, kept: readonly CompiledScript[]): LaneCode {
  const ofLanes = kept.filter(({ name }) => name.startsWith(PREFIX));
  setEnvironmentData(LANE_PROGRAM, join(folder, 'lane-start.cjs'));
  setEnvironmentData(
    LANE_CODE,
    // Copies: each thread is sent the whole buffer that they lie in.
    ofLanes.map(({ name, source, data }) => ({
      name: name.slice(PREFIX.length),
      source: new Uint8Array(source),
      data: new Uint8Array(data),
    })),
  );
  const received = new Map<string, CompiledScript>();
  process.on('worker', (worker: Worker) => {
    worker.on('message', (message: Partial<LaneCompiled> | null) => {
      for (const each of message?.compiled ?? []) {
        const name = PREFIX + each.name;
        received.set(name, { ...each, name });
      }
    });
  });
  return { received: () => [...received.values()] };
}
