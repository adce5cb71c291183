import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { FIRST_PROCESS } from './start/end-with-first.js';

/**
 * glibc gives blocks of so many bytes back to the system as soon as they are freed; left alone it raises this to the largest
 * block that it has seen freed, and pictures and their files then stay behind in the heaps of the threads that decoded them.
 * It is read when a process starts and at no other time. Other C libraries do not know it.
 */
const VARIABLE = 'MALLOC_MMAP_THRESHOLD_';
/** Files of pictures are larger, most of what is not pixels is smaller. */
const LARGE_BLOCK = String(2 ** 15);
/** Heaps that the threads share, instead of one for each. */
const HEAPS = '2';

/**
 * Signals so soon after the first are the same wish: Ctrl-C reaches all processes of a terminal, and those that have started
 * this one (npx, timeout) pass it on as well.
 */
export const SAME_SIGNAL_MS = 500;

/** Whether a long run would do better in a process with other settings of the C library. */
export function wantsSecondProcess(): boolean {
  return process.platform === 'linux' && process.env[VARIABLE] === undefined;
}

/**
 * Runs the same command line in a second process whose memory does not grow, and comes back with its exit code; undefined
 * where none can be started. The second has this one's streams and ends with it. Signals come to this one and are passed
 * on as messages, since a terminal's Ctrl-C goes to both and a second one means something else than the first.
 */
export async function runInSecondProcess(): Promise<number | undefined> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { MALLOC_ARENA_MAX: HEAPS, ...process.env, [VARIABLE]: LARGE_BLOCK, [FIRST_PROCESS]: `${process.pid}` },
  });
  const ended = new Promise<number | undefined>((resolve) => {
    child.once('error', () => resolve(undefined));
    child.once('exit', (code, signal) => {
      if (signal === null) resolve(code!);
      else {
        stop();
        process.kill(process.pid, signal);
        // Where this process does not die of it.
        resolve(128 + constants.signals[signal]);
      }
    });
  });
  let asked: number | undefined;
  const pass = (name: NodeJS.Signals) => {
    if (asked === undefined) {
      asked = performance.now();
      if (child.connected) child.send(name, () => {});
    } else if (performance.now() - asked > SAME_SIGNAL_MS) child.kill('SIGKILL');
  };
  const stop = () => {
    process.off('SIGINT', pass);
    process.off('SIGTERM', pass);
  };
  process.on('SIGINT', pass);
  process.on('SIGTERM', pass);
  try {
    return await ended;
  } finally {
    stop();
  }
}

/** In the second process: signals as messages. False in any other process. */
export function followFirst(onSignal: (name: 'SIGINT' | 'SIGTERM') => void): boolean {
  if (process.env[FIRST_PROCESS] === undefined || !process.connected) return false;
  process.on('message', (name) => {
    if (name === 'SIGINT' || name === 'SIGTERM') onSignal(name);
  });
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => {});
  process.channel?.unref();
  return true;
}
