import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import * as zlib from 'node:zlib';
import { codeHome } from '../../store/home.js';
import { type CompiledScript, findCode, keepCode, openCodeFolder } from './code-files.js';

/** The bundle that this is part of: beside it lie the scripts. */
const ownFile = fileURLToPath(import.meta.url);
const require = createRequire(ownFile);

/** Scripts of the command that others ask for by `require`. */
const names = ['command', 'classify', 'lanes', 'decode', 'cost', 'compare', 'rest', 'sharp', 'ora', 'd3-scale'];

/** A later end says little about a start: V8 drops what has not run for a while. */
const LONGEST_START_MS = 3000;

/**
 * Makes `require` compile the scripts from what was kept of a start of the same form, and keeps it after the first. V8 compiles
 * a function when it is first called; what is kept has all that were, which a cache of just compiled scripts has not.
 * Throws where there is no folder for caches.
 * @returns a `require` that finds the scripts at once, where Node's own looks at each folder on the way
 */
export function reuseCode(args: readonly string[]): (id: string) => unknown {
  const home = codeHome();
  // CRC-32 came with Node.js 20.15.
  if (home === undefined || typeof zlib.crc32 !== 'function') return require;
  const form = formOf(args);
  const kept = findCode(home, form);
  const loaded: (Omit<CompiledScript, 'data'> & { readonly script: Script })[] = [];
  let isNew = false;

  const run = (name: string, path: string, module: Pick<NodeJS.Module, 'exports'>): void => {
    const source = readFileSync(path);
    const checksum = zlib.crc32(source);
    const found = kept.find((each) => each.name === name && each.checksum === checksum);
    const script = new Script(`(function (exports, require, module, __filename, __dirname) { ${source}\n})`, {
      filename: path,
      ...(found && { cachedData: found.data }),
    });
    if (!found || script.cachedDataRejected) isNew = true;
    loaded.push({ name, checksum, script });
    script.runInThisContext()(module.exports, requireAtOnce, module, path, dirname(path));
  };

  const entries = new Map<string, NodeJS.Module>();
  const requireAtOnce = (id: string): unknown => {
    const entry = entries.get(id);
    return entry ? entry.exports : require(id);
  };
  for (const name of names) {
    const path = join(dirname(ownFile), `${name}.cjs`);
    let module: Pick<NodeJS.Module, 'exports'> | undefined;
    const entry = {
      id: path,
      filename: path,
      loaded: true,
      get exports() {
        if (!module) {
          module = { exports: {} };
          run(name, path, module);
        }
        return module.exports;
      },
    };
    entries.set(`./${name}.cjs`, entry as NodeJS.Module);
    require.cache[path] = entry as NodeJS.Module;
  }

  process.once('beforeExit', () => {
    // A start that failed has not called what others call. Compiling for nobody would take longer than it saves.
    if (!isNew || process.exitCode || performance.now() > LONGEST_START_MS || !openCodeFolder(home)) return;
    const scripts = loaded.map(({ name, checksum, script }) => ({ name, checksum, data: script.createCachedData() }));
    const others = kept.filter(({ name }) => !loaded.some((each) => each.name === name));
    keepCode(home, form, [...scripts, ...others]);
  });
  return requireAtOnce;
}

/** What decides which code is run: options, and `int8` most of all; not files and other values. And V8's own flags. */
function formOf(args: readonly string[]): string {
  const words = args.filter((arg, index) => index === 0 || arg.startsWith('-') || arg === 'int8');
  const options = words.map((word) => word.replace(/^(-\w).*|=.*/s, '$1'));
  return [...options, ...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ');
}
