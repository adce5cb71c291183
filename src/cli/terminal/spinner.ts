import { takesCalls } from './stdout.js';

/** A moving line on stderr. */
export interface Spinner {
  say(text: string): void;
  /** Takes it off the screen until the next `say`. */
  clear(): void;
  stop(): void;
}

/**
 * Whether stderr is a terminal on which a line can move. On a CI machine or a dumb terminal it cannot, by the same signs as
 * ora goes by; and some terminals claim to have no columns, where ora would clear lines for ever.
 */
export function hasTerminal(): boolean {
  const { env } = process;
  if (env.TERM === 'dumb' || 'CI' in env || takesCalls(2)) return false;
  const { stderr } = process;
  return stderr.isTTY === true && stderr.columns !== 0;
}

/** For a terminal only: ora is not loaded elsewhere. */
export async function startSpinner(text: string): Promise<Spinner> {
  const { default: ora } = await import('ora');
  const spinner = ora({ text, stream: process.stderr, discardStdin: false }).start();
  return {
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
