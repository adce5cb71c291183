/**
 * What bin/mobilenet.js runs: the command, with what V8 made of its code in an earlier start where there is that. Always a
 * CommonJS file, and so is lane-start.ts.
 */
import { endWithFirst } from './end-with-first.js';
import { withImpliedCommand } from './implied-command.js';

/** Runs one command line; see `main`. */
export async function start(args: readonly string[]): Promise<void> {
  endWithFirst();
  let load: (id: string) => unknown = require;
  try {
    // Node's own word against caches of code.
    if (!process.env.NODE_DISABLE_COMPILE_CACHE)
      load = (await import('./compiled-code.js')).reuseCode(withImpliedCommand(args), require, __dirname);
  } catch {
    // Without: there may be no folder for caches, or no current one.
  }
  await (load('./command.cjs') as typeof import('../main.js')).main(args);
  // When nothing is left to do: ending V8 in good order takes longer.
  process.once('beforeExit', () => process.exit());
}
