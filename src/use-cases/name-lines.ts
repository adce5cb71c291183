import { printable } from '../errors/printable.js';
import { refuseLines } from '../report/formats.js';

/** Names of files, each once, and each on a line of its own or ended with NUL. */
export class NameLines {
  /** Why names were left out, in one line each: those with line feeds, unless NUL ends names. */
  readonly refused: string[] = [];
  readonly #nul: boolean;
  readonly #isTerminal: boolean;
  readonly #seen = new Set<string>();

  constructor({ nul, isTerminal }: { readonly nul: boolean; readonly isTerminal: boolean }) {
    this.#nul = nul;
    this.#isTerminal = isTerminal;
  }

  /** The lines of names that have not come before. */
  of(names: readonly Buffer[]): Buffer {
    const parts: Buffer[] = [];
    for (const name of names) {
      const key = name.toString('latin1');
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      const problem = refuseLines('paths', this.#nul, name);
      if (problem === undefined)
        parts.push(
          this.#isTerminal ? Buffer.from(printable(name.toString())) : name,
          Buffer.from(this.#nul ? '\0' : '\n'),
        );
      else this.refused.push(problem);
    }
    return Buffer.concat(parts);
  }
}
