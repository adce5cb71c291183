import { codeHome } from '../../store/home.js';
import { findCode, keepCode, openCodeFolder } from './code-files.js';
import { useKept } from './kept-scripts.js';
import { type LaneCode, shareWithLanes } from './lane-code.js';

/** Scripts of the command that others ask for by `require`. */
const names = ['command', 'classify', 'lanes', 'decode', 'cost', 'compare', 'rest', 'sharp', 'ora', 'd3-scale'];

/** A later end says little about a start: V8 drops what has not run for a while. */
const LONGEST_START_MS = 3000;

/**
 * Makes `require` compile the scripts from what was kept of a start of the same form, and keeps it after the first; lanes
 * do the same. V8 compiles a function when it is first called; what is kept has all that were, which a cache of just
 * compiled scripts has not.
 * Throws where there is no folder for caches.
 * @param require Node's own for a file of the scripts' folder
 * @returns a `require` for the scripts
 */
export function reuseCode(args: readonly string[], require: NodeJS.Require, folder: string): (id: string) => unknown {
  const home = codeHome();
  if (home === undefined) return require;
  const form = formOf(args);
  const kept = findCode(home, form);
  let lanes: LaneCode | undefined;
  const scripts = useKept(require, folder, names, kept, (name) => {
    if (name === 'lanes') lanes = shareWithLanes(folder, kept);
  });

  process.once('beforeExit', () => {
    const inLanes = lanes?.received() ?? [];
    const isNew = scripts.isNew() || inLanes.length > 0;
    // A start that failed has not called what others call. Compiling for nobody would take longer than it saves.
    if (!isNew || process.exitCode || performance.now() > LONGEST_START_MS || !openCodeFolder(home)) return;
    const compiled = [...scripts.compile(), ...inLanes];
    const others = kept.filter(({ name }) => !compiled.some((each) => each.name === name));
    keepCode(home, form, [...compiled, ...others]);
  });
  return scripts.require;
}

/** What decides which code is run: options, and `int8` most of all; not files and other values. And V8's own flags. */
function formOf(args: readonly string[]): string {
  const words = args.filter((arg, index) => index === 0 || arg.startsWith('-') || arg === 'int8');
  const options = words.map((word) => word.replace(/^(-\w).*|=.*/s, '$1'));
  return [...options, ...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ');
}
