import { codeHome } from '../../store/user-caches.js';
import { findCode } from './code-files.js';
import { useKept } from './kept-scripts.js';
import type { LaneCode } from './lane-code.js';

/** Scripts of the command that others ask for by `require`. */
const names = ['command', 'classify', 'lanes', 'decode', 'cost', 'compare', 'rest', 'sharp', 'ora', 'd3-scale'];

/** A later end says little about a start: V8 drops what has not run for a while. */
const LONGEST_START_SECONDS = 3;

export interface ReusedCode {
  /** For the scripts. */
  readonly require: (id: string) => unknown;
  /** Keeps what was compiled anew, for the next start of the same form; to be called at the end. */
  keep(): void;
}

/**
 * Makes `require` compile the scripts from what was kept of a start of the same form; lanes do the same. V8 compiles a
 * function when it is first called; what is kept has all that were, which a cache of just compiled scripts has not.
 * Throws where there is no current folder.
 * @param require Node's own for a file of the scripts' folder
 * @returns undefined where there is no folder for caches
 */
export function reuseCode(args: readonly string[], require: NodeJS.Require, folder: string): ReusedCode | undefined {
  const home = codeHome();
  if (home === undefined) return undefined;
  const form = formOf(args);
  const kept = findCode(home, form);
  const later = () => require('./start-later.cjs') as typeof import('./start-later.js');
  let lanes: LaneCode | undefined;
  const scripts = useKept(require, folder, names, kept, (name) => {
    if (name === 'lanes') lanes = later().shareWithLanes(folder, kept);
  });

  const keep = () => {
    const inLanes = lanes?.received() ?? [];
    const isNew = scripts.isNew() || inLanes.length > 0;
    // A start that failed has not called what others call. Compiling for nobody would take longer than it saves.
    if (!isNew || process.exitCode || process.uptime() > LONGEST_START_SECONDS) return;
    const { keepCode, openCodeFolder } = later();
    if (!openCodeFolder(home)) return;
    const compiled = [...scripts.compile(), ...inLanes];
    const others = kept.filter(({ name }) => !compiled.some((each) => each.name === name));
    keepCode(home, form, [...compiled, ...others]);
  };
  return { require: scripts.require, keep };
}

/** What decides which code is run: options, and `int8` most of all; not files and other values. And V8's own flags. */
function formOf(args: readonly string[]): string {
  const words = args.filter((arg, index) => index === 0 || arg.startsWith('-') || arg === 'int8');
  return [...words.map(withoutValue), ...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ');
}

/** `-k3` is `-k`, `--top=3` is `--top`. */
function withoutValue(word: string): string {
  const isShort = word.startsWith('-') && !word.startsWith('--');
  return isShort ? word.slice(0, 2) : word.split('=', 1)[0]!;
}
