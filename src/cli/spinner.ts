/** A sign of life on stderr while a person waits. */
export interface Spinner {
  progress(done: number): void;
  /** Takes it off the screen until the next `progress`. */
  clear(): void;
  stop(): void;
}

const silent: Spinner = { progress() {}, clear() {}, stop() {} };

/** Spins on a terminal only (ora is not even loaded elsewhere); `total`: how many pictures, undefined for silence. */
export async function startSpinner(total: number | undefined): Promise<Spinner> {
  if (total === undefined || !process.stderr.isTTY) return silent;
  const { default: ora } = await import('ora');
  const text = (done: number) => (total === 1 ? 'classifying' : `classifying ${done} of ${total}`);
  const spinner = ora({ text: text(0), stream: process.stderr, discardStdin: false }).start();
  return {
    progress: (done) => {
      spinner.text = text(done);
    },
    clear: () => {
      spinner.clear();
    },
    stop: () => {
      spinner.stop();
    },
  };
}
