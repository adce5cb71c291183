/** A sign of life on stderr while a person waits. */
export interface Spinner {
  progress(done: number): void;
  say(text: string): void;
  /** Takes it off the screen until the next `progress`. */
  clear(): void;
  stop(): void;
}

/** Whether stderr is a terminal with room for a line: some say that they have none, and ora would clear lines for ever. */
export function hasTerminal(): boolean {
  return process.stderr.isTTY === true && process.stderr.columns !== 0;
}

const silent: Spinner = { progress() {}, say() {}, clear() {}, stop() {} };

/** Spins on a terminal only (ora is not even loaded elsewhere); `total`: how many pictures, undefined for silence. */
export async function startSpinner(total: number | undefined, isForMany = false): Promise<Spinner> {
  if ((total === undefined && !isForMany) || !hasTerminal()) return silent;
  const { default: ora } = await import('ora');
  const text = (done: number) => (total === 1 ? 'classifying' : `classifying ${done} of ${total}`);
  const spinner = ora({
    text: isForMany ? 'classifying' : text(0),
    stream: process.stderr,
    discardStdin: false,
  }).start();
  return {
    progress: (done) => {
      spinner.text = text(done);
    },
    say: (words) => {
      spinner.text = words;
    },
    clear: () => {
      spinner.clear();
    },
    stop: () => {
      spinner.stop();
    },
  };
}
