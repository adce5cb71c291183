/** A sign of life on stderr while a person waits. */
export interface Spinner {
  progress(done: number): void;
  say(text: string): void;
  /** Takes it off the screen until the next `progress`. */
  clear(): void;
  stop(): void;
}

/**
 * Whether stderr is a terminal on which a line can move. Where a CI machine or a dumb terminal reads along it cannot,
 * by the same signs as ora goes by; and some terminals say that they have no columns, where ora would clear lines for
 * ever.
 */
export function hasTerminal(): boolean {
  const { stderr, env } = process;
  return stderr.isTTY === true && stderr.columns !== 0 && env.TERM !== 'dumb' && !('CI' in env);
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
