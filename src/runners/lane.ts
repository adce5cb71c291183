import { parentPort, workerData } from 'node:worker_threads';
import { findTop, ofLabels } from '../domain/rank.js';
import { bindLane } from '../engine/lanes.js';
import { loadPixelKernels } from '../engine/pixels.js';
import { printable } from '../errors/printable.js';
import { exposeGarbageCollection } from './collect-garbage.js';
import type { Grant, LaneData, LaneJob, LaneReply, PreparedPicture } from './messages.js';
import { replyOf } from './picture-errors.js';
import { createPreparer, createTarget } from './prepare-picture.js';

/** A collection takes some ms. */
const PICTURES_OF_GARBAGE = 256;

/** The thread of a lane: prepares pictures and runs the network, one while the next is being decoded. A file of its own. */
const data = workerData as LaneData;
const { run, kept } = bindLane(data.lane);
const send = (reply: LaneReply, transfer: readonly ArrayBuffer[] = []) => parentPort!.postMessage(reply, transfer);
const preparer = createPreparer(data, loadPixelKernels(), send);
const spare: PreparedPicture[] = [];
let collectGarbage: (() => void) | undefined;
let done = 0;

/** Told how many pictures are done, before the last of them is sent. */
export const watcher: { beforeReply?: (done: number) => void } = {};

parentPort!.on('message', (message: LaneJob | Grant) => {
  if ('grant' in message) preparer.grant(message.grant);
  else void work(message);
});

async function work(job: LaneJob): Promise<void> {
  const start = performance.now();
  const target = job.prepared ?? spare.pop() ?? createTarget(data.preprocessing);
  try {
    const facts = job.prepared ? undefined : await preparer.prepare(job, target);
    const started = performance.now();
    const probabilities = run(target);
    const maps = new Map(data.keep.map((name) => [name, kept(name)]));
    const ended = performance.now();
    const ranked = findTop(ofLabels(probabilities, data.labels), job.top, printable(job.file));
    watcher.beforeReply?.(done + 1);
    const reply = { job: job.job, ranked, decode: started - start, run: ended - started, ...(facts && { facts }) };
    if (maps.size === 0) send(reply);
    else
      send(
        { ...reply, maps },
        Array.from(maps.values(), ({ buffer }) => buffer),
      );
  } catch (error) {
    send(replyOf(job.job, error));
  }
  spare.push(target);
  if (spare.length > 2) spare.pop();
  if (++done % PICTURES_OF_GARBAGE !== 0) return;
  // Not before: V8 refuses code that was compiled under other flags, and the command keeps the code of short runs.
  collectGarbage ??= exposeGarbageCollection();
  collectGarbage();
}
