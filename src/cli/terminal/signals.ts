import { constants } from 'node:os';
import { Stop } from '../../batch/stop.js';
import { followFirst, SAME_SIGNAL_MS } from '../second-process.js';

/** SIGINT and SIGTERM as requests to stop: after the first, images in progress are finished; the second ends the process. */
export interface Signals {
  readonly signal: Stop;
  /** 128 and the signal's number, once one has come. */
  readonly exitCode: number | undefined;
  stop(): void;
}

export function listenForSignals(): Signals {
  const signal = new Stop();
  let exitCode: number | undefined;
  const end = (name: 'SIGINT' | 'SIGTERM') => () => {
    if (exitCode !== undefined) return;
    exitCode = 128 + constants.signals[name];
    setTimeout(stop, SAME_SIGNAL_MS).unref();
    signal.abort();
  };
  const handlers = { SIGINT: end('SIGINT'), SIGTERM: end('SIGTERM') };
  const stop = () => {
    process.off('SIGINT', handlers.SIGINT);
    process.off('SIGTERM', handlers.SIGTERM);
  };
  if (!followFirst((name) => handlers[name]())) {
    process.on('SIGINT', handlers.SIGINT);
    process.on('SIGTERM', handlers.SIGTERM);
  }
  return {
    signal,
    get exitCode() {
      return exitCode;
    },
    stop,
  };
}
