import type { Output, OutputHost } from './write-batch.js';

export type LateOutputHost = Pick<OutputHost, 'openOutput' | 'lockOutput'>;

/** An output that is opened before work begins, so that nothing is done in vain, and written when all is known. */
export class LateOutput {
  readonly #host: LateOutputHost;
  #output: Output | undefined;
  #release: (() => Promise<void>) | undefined;

  constructor(host: LateOutputHost) {
    this.#host = host;
  }

  /** Throws UsageError where it cannot be opened, or is in use. */
  async open(): Promise<void> {
    this.#release = await this.#host.lockOutput?.();
    this.#output = this.#host.openOutput();
  }

  /** Once it is open. */
  get output(): Output {
    return this.#output!;
  }

  async close(isWhole: boolean): Promise<void> {
    this.#output?.close(isWhole);
    await this.#release?.();
  }
}
