/** What a run asks of a signal to end; every `AbortSignal` has it. */
export interface StopSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', call: () => void): void;
  removeEventListener(type: 'abort', call: () => void): void;
}

/**
 * An `AbortController` and its signal in one. Node's own is made when it is asked for: compiling its code takes 1 % of a
 * start, and few images do without.
 */
export class Stop implements StopSignal {
  aborted = false;
  readonly #calls = new Set<() => void>();
  #native: AbortController | undefined;

  addEventListener(_: 'abort', call: () => void): void {
    this.#calls.add(call);
  }

  removeEventListener(_: 'abort', call: () => void): void {
    this.#calls.delete(call);
  }

  /** The same for what takes Node's own alone. */
  get native(): AbortSignal {
    this.#native ??= new AbortController();
    if (this.aborted) this.#native.abort();
    return this.#native.signal;
  }

  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    for (const call of [...this.#calls]) call();
    this.#native?.abort();
  }
}
