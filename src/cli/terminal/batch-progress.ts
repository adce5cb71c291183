import { hasTerminal, startSpinner } from './spinner.js';

/** Reports on stderr how far a batch is. */
export interface BatchProgress {
  progress(done: number): void;
  /** Takes it off the screen until the next `progress`. */
  clear(): void;
  stop(): void;
}

const LINE_EVERY_MS = 10_000;
const TEXT_EVERY_MS = 250;

/**
 * On a terminal a line that moves; elsewhere, where `asked`, one now and then; nothing where `quiet`.
 * @param total how many there will be, once it is known
 */
export async function startBatchProgress(
  total: () => number | undefined,
  { asked, quiet }: { readonly asked: boolean; readonly quiet: boolean },
): Promise<BatchProgress> {
  if (quiet) return { progress() {}, clear() {}, stop() {} };
  const start = performance.now();
  const text = (done: number) => progressText(done, total(), (performance.now() - start) / 1000);
  if (hasTerminal()) {
    const spinner = await startSpinner('starting');
    let last = 0;
    return {
      progress(done) {
        if (performance.now() - last < TEXT_EVERY_MS) return;
        last = performance.now();
        spinner.say(text(done));
      },
      clear: spinner.clear,
      stop: spinner.stop,
    };
  }
  let last = start;
  return {
    progress(done) {
      if (!asked || performance.now() - last < LINE_EVERY_MS) return;
      last = performance.now();
      process.stderr.write(`${text(done)}\n`);
    },
    clear() {},
    stop() {},
  };
}

/** `1200 of 20000 · 85.2 images/s · 3 min 41 s left` */
function progressText(done: number, total: number | undefined, seconds: number): string {
  const rate = seconds > 0 ? done / seconds : 0;
  const parts = [total === undefined ? `${done}` : `${done} of ${total}`, `${rate.toFixed(1)} images/s`];
  if (total !== undefined && rate > 0) parts.push(`${duration((total - done) / rate)} left`);
  return parts.join(' · ');
}

function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}
