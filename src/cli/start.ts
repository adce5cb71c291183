/** What bin/mobilenet.js runs: the command, with what V8 made of its code in an earlier start. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import * as zlib from 'node:zlib';
import { type CompiledScript, findCode, keepCode } from '../code-files.js';
import { storeHome } from '../store/home.js';

const ownFile = fileURLToPath(import.meta.url);
const require = createRequire(ownFile);

/** Scripts of the command in this folder that others ask for by `require`. */
const names = ['command', 'classify', 'cost', 'compare', 'rest', 'sharp', 'ora', 'd3-scale'];

/** A later end says little about a start: V8 drops what has not run for a while. */
const LONGEST_START_MS = 3000;

/** Runs one command line; see `main`. */
export function start(args: readonly string[]): Promise<void> {
  // CRC-32 came with Node.js 20.15; the variable is Node's own word against caches of code.
  if (typeof zlib.crc32 === 'function' && !process.env.NODE_DISABLE_COMPILE_CACHE) reuseCode(args);
  return require('./command.cjs').main(args);
}

/**
 * Makes `require` compile the scripts from what was kept of a start of the same form, and keeps it after the first. V8 compiles
 * a function when it is first called; what is kept has all that were, which a cache of just compiled scripts has not.
 */
function reuseCode(args: readonly string[]): void {
  const home = storeHome();
  // Options decide what code is run, and `int8` most of all; files and other values do not.
  const words = args.filter((arg, index) => index === 0 || arg.startsWith('-') || arg === 'int8');
  const form = words.map((word) => word.replace(/=.*/s, '')).join(' ');
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
    script.runInThisContext()(module.exports, createRequire(path), module, path, dirname(path));
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
    require.cache[path] = entry as NodeJS.Module;
  }

  process.once('beforeExit', () => {
    // A start that failed has not called what others call.
    if (!isNew || process.exitCode || performance.now() > LONGEST_START_MS) return;
    const scripts = loaded.map(({ name, checksum, script }) => ({ name, checksum, data: script.createCachedData() }));
    keepCode(home, form, scripts);
  });
}
