import type { Progress } from '../../use-cases/pull.js';
import { hasTerminal } from './spinner.js';

/** Says on stderr how far a download is. */
export interface ProgressReport {
  readonly report: (progress: Progress) => void;
  readonly wait: () => void;
  stop(): void;
}

/** Between two lines where there is no terminal. */
const LINE_EVERY_MS = 5_000;

/** A spinner with figures on a terminal; elsewhere a line now and then; nothing where `isSilent`. */
export async function startProgress(name: string, isSilent: boolean): Promise<ProgressReport> {
  if (isSilent) return { report() {}, wait() {}, stop() {} };
  const waiting = `${name}: another process is fetching it, waiting`;
  if (!hasTerminal()) {
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
  const { default: ora } = await import('ora');
  const spinner = ora({ text: name, stream: process.stderr, discardStdin: false }).start();
  return {
    report(progress) {
      spinner.text = `${name}: ${figures(progress)}`;
    },
    wait() {
      spinner.text = waiting;
    },
    stop() {
      spinner.stop();
    },
  };
}

function figures({ received, total }: Progress): string {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  if (total === undefined || total === 0) return `${megabytes(received)} MB`;
  return `${megabytes(received)} of ${megabytes(total)} MB, ${Math.floor((100 * received) / total)} %`;
}
