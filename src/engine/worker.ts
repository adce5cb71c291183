import { parentPort } from 'node:worker_threads';
import { bindCalls } from './calls.js';
import type { Assignment } from './pool.js';
import { follow } from './turns.js';

/** A thread of a pool: waits for its assignment, then for turns until they end. Built as a CommonJS file of its own, which starts sooner. */
parentPort!.once('message', ({ module, memory, turns, thread, stages }: Assignment) => {
  follow(turns, bindCalls(module, memory, stages), thread);
});
