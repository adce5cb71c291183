import type { Progress } from '../../use-cases/pull.js';
import { hasTerminal, startSpinner } from './spinner.js';

/** Reports on stderr how far a download is. */
export interface DownloadProgress {
  report(progress: Progress): void;
  /** Another process is downloading the same model. */
  wait(): void;
  stop(): void;
}

/** Between two lines where there is no terminal. */
const LINE_EVERY_MS = 5_000;

/** A spinner with figures on a terminal; elsewhere a line now and then; nothing where `isSilent`. */
export async function startDownloadProgress(name: string, isSilent: boolean): Promise<DownloadProgress> {
  if (isSilent) return { report() {}, wait() {}, stop() {} };
  const waiting = `${name}: waiting for another process that is downloading it`;
  if (hasTerminal()) {
    const spinner = await startSpinner(name);
    return {
      report: (progress) => spinner.say(`${name}: ${figures(progress)}`),
      wait: () => spinner.say(waiting),
      stop: spinner.stop,
    };
  }
  let last = performance.now();
  return {
    report(progress) {
      if (performance.now() - last < LINE_EVERY_MS) return;
      last = performance.now();
      process.stderr.write(`${name}: ${figures(progress)}\n`);
    },
    wait() {
      process.stderr.write(`${waiting}\n`);
    },
    stop() {},
  };
}

function figures({ received, total }: Progress): string {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  if (total === undefined || total === 0) return `${megabytes(received)} MB`;
  return `${megabytes(received)} of ${megabytes(total)} MB, ${Math.floor((100 * received) / total)} %`;
}
