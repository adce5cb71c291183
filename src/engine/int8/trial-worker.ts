import { parentPort, workerData } from 'node:worker_threads';
import { createTrials, type TrialData } from './trials.js';

/** A thread of its own: makes the map that it is told narrow, or copies it, and answers with what that does. Built as a file of its own. */
const trials = createTrials(workerData as TrialData);

parentPort!.on('message', (map: string) => {
  // An error ends the thread, and whoever started it is told.
  void trials.then(async ({ tryMap }) => parentPort!.postMessage(await tryMap(map)));
});
