import { getEnvironmentData, parentPort } from 'node:worker_threads';
import type { CompiledScript } from './code-files.js';
import { useKept } from './kept-scripts.js';
import { LANE_CODE, type LaneCompiled } from './lane-code.js';

/** After so many pictures a lane has called what it calls; not much later V8 begins to drop what only its start needed. */
const PICTURES = 2;

/** Where a lane of the command begins: its scripts are compiled from what was kept. A file of its own. */
const kept = getEnvironmentData(LANE_CODE) as unknown as readonly CompiledScript[];
const scripts = useKept(require, __dirname, ['lane', 'sharp'], kept);
const { watcher } = scripts.require('./lane.cjs') as typeof import('../../runners/lane.js');

watcher.beforeReply = (done) => {
  if (done < PICTURES) return;
  delete watcher.beforeReply;
  try {
    if (scripts.isNew()) parentPort!.postMessage({ compiled: scripts.compile() } satisfies LaneCompiled);
  } catch {
    // It only saves time.
  }
};
