import { loadPixelKernels } from '../engine/pixels.js';
import { loadDecoder } from '../images/decode-by-sharp.js';
import type { DecoderReply, Grant, Job, PrepareSettings } from './messages.js';
import { replyOf } from './picture-errors.js';
import { createPreparer, createTarget, type Preparer } from './prepare-picture.js';

/** A process that decodes and nothing else, so that it can be ended where the decoder hangs. A file of its own. */
type Message = Job | Grant | PrepareSettings;

const send = (reply: DecoderReply) => process.send!(reply);
let preparer: Preparer;
let settings: PrepareSettings;

process.on('message', (message: Message) => {
  if ('preprocessing' in message) {
    settings = message;
    const kernels = loadPixelKernels();
    preparer = createPreparer(settings, kernels, send);
    void getReady(kernels).then(() => send({ ready: true }));
  } else if ('grant' in message) preparer.grant(message.grant);
  else void work(message);
});

// A terminal's Ctrl-C reaches all processes; when to end is for the first one to say.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
// Not an exit, which would wait for a decoder that hangs.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

async function work(job: Job): Promise<void> {
  const start = performance.now();
  try {
    const prepared = createTarget(settings.preprocessing);
    const facts = await preparer.prepare(job, prepared);
    send({ job: job.job, prepared, facts, decode: performance.now() - start });
  } catch (error) {
    send(replyOf(job.job, error));
  }
}

/** Loads what every picture needs, whose time is not a picture's. An error shows in the first. */
async function getReady(kernels: Promise<unknown>): Promise<void> {
  try {
    loadDecoder();
    await kernels;
  } catch {}
}
