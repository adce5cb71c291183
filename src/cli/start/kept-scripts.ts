import { isAscii } from 'node:buffer';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { sep } from 'node:path';
import { Script } from 'node:vm';
import { type CompiledScript, hasBytes } from './code-files.js';

/** Scripts of one folder in one thread, compiled from what was kept of them. */
export interface KeptScripts {
  /** Finds the scripts at once, where Node's own `require` looks at each folder on the way. */
  readonly require: (id: string) => unknown;
  /** Whether a script has run of which nothing was kept, or nothing that V8 takes. */
  isNew(): boolean;
  /** What V8 has now of those that have run, with every function that was called. */
  compile(): CompiledScript[];
}

/** Around each script. Sources are kept with them, as putting them together at each start would copy the source. */
const BEFORE = Buffer.from('(function (exports, require, module, __filename, __dirname) { ');
const BEHIND = Buffer.from('\n})');

/**
 * Makes `require` compile scripts from what was kept.
 * @param require Node's own for a file of the folder
 * @param folder where the scripts lie
 * @param names of scripts, without `.cjs`
 * @param onRun told before one of them is run
 */
export function useKept(
  require: NodeJS.Require,
  folder: string,
  names: readonly string[],
  kept: readonly CompiledScript[],
  onRun?: (name: string) => void,
): KeptScripts {
  const loaded: (Omit<CompiledScript, 'data'> & { readonly script: Script })[] = [];
  let isNew = false;

  const run = (name: string, path: string, module: Pick<NodeJS.Module, 'exports'>): void => {
    onRun?.(name);
    const found = kept.find((each) => each.name === name && isSourceOf(path, each.source));
    const source = found ? asBuffer(found.source) : Buffer.concat([BEFORE, readFileSync(path), BEHIND]);
    const script = new Script(source.toString(isAscii(source) ? 'latin1' : 'utf8'), {
      filename: path,
      ...(found && { cachedData: found.data }),
    });
    if (!found || script.cachedDataRejected) isNew = true;
    loaded.push({ name, source, script });
    script.runInThisContext()(module.exports, requireAtOnce, module, path, folder);
  };

  const entries = new Map<string, NodeJS.Module>();
  const requireAtOnce = (id: string): unknown => {
    const entry = entries.get(id);
    return entry ? entry.exports : require(id);
  };
  for (const name of names) {
    const path = `${folder}${sep}${name}.cjs`;
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
  return {
    require: requireAtOnce,
    isNew: () => isNew,
    compile: () => loaded.map(({ name, source, script }) => ({ name, source, data: script.createCachedData() })),
  };
}

/** Whether a source that was kept is still what the file has. */
function isSourceOf(path: string, source: Uint8Array): boolean {
  const inFile = source.subarray(BEFORE.length, -BEHIND.length);
  const descriptor = openSync(path, 'r');
  try {
    return fstatSync(descriptor).size === inFile.length && hasBytes(descriptor, inFile, 0);
  } finally {
    closeSync(descriptor);
  }
}

function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}
