/**
 * What bin/mobilenet.js runs: the command, with what V8 made of its code in an earlier start where there is that. Always a
 * CommonJS file, and so is lane-start.ts.
 */
import { type ReusedCode, reuseCode } from './compiled-code.js';
import { endWithFirst } from './end-with-first.js';
import { withImpliedCommand } from './implied-command.js';

/** Runs one command line; see `main`. */
async function start(args: readonly string[]): Promise<void> {
  endWithFirst();
  let code: ReusedCode | undefined;
  try {
    // Node's own word against caches of code.
    if (!process.env.NODE_DISABLE_COMPILE_CACHE) code = reuseCode(withImpliedCommand(args), require, __dirname);
  } catch {
    // Without: there may be no current folder.
  }
  const load: (id: string) => unknown = code?.require ?? require;
  const isWritten = await (load('./command.cjs') as typeof import('../main.js')).main(args);
  const end = () => {
    code?.keep();
    // Ending V8 in good order would take longer.
    process.exit();
  };
  // When nothing is left to do; at once, where that is known: V8 would still collect garbage.
  if (isWritten && process.getActiveResourcesInfo().length === 0) end();
  process.once('beforeExit', end);
}

start(process.argv.slice(2));
