import type { FilterOptions } from '../batch/filter.js';
import { classifyAll } from '../batch/run.js';
import type { Selection } from '../batch/select-predictions.js';
import { type FormatName, type FormatOptions, openFormat } from '../report/formats.js';
import type { Runner } from '../runners/types.js';
import { type Batch, type BatchRequest, openBatch } from './open-batch.js';
import { type ClassTally, ResultWriter } from './result-writer.js';
import { type OutputHost, type OutputRequest, writeBatch } from './write-batch.js';

/** What `mobilenet classify` is asked for. */
export interface ClassifyRequest extends BatchRequest, OutputRequest {
  readonly top: number;
  readonly filter: FilterOptions;
  /** Probabilities are added up within groups of classes. */
  readonly group: boolean;
  readonly format: FormatName;
  readonly template?: string | undefined;
  readonly nulOutput: boolean;
  /** In text: all predictions of each picture, also where there are several. */
  readonly isLong: boolean;
  /** The model in each row of JSON lines. */
  readonly rowModel: boolean;
}

export interface Classified extends ClassTally {
  /** There are inputs, be they of other shards. */
  readonly hasInputs: boolean;
  /** More may have been named than a person looks at one by one: a folder, a pattern, a list, or many names. */
  readonly isBatch: boolean;
}

export type ClassifyResult = Classified | { readonly exitCode: number } | 'output-closed';

/**
 * Classifies what the names stand for, in order; a broken picture is reported and the others go on.
 *
 *     names, lists → open-batch: inputs, and a runner; or all of it in a second process
 *         → batch/tasks-to-do: less what an earlier run has done → batch/run: outcomes in order
 *         → result-writer: filter, format → output
 *
 * @throws UsageError, ModelError as `openBatch`; RuntimeError where the runner cannot go on
 */
export async function classifyPictures(request: ClassifyRequest, host: OutputHost): Promise<ClassifyResult> {
  const batch = await openBatch(request, host);
  if ('exitCode' in batch) return batch;
  const { first, isBatch } = batch;
  try {
    // One line for each of several pictures, in columns as wide as the names that are known so far.
    const lines = request.isLong || first.length === 1 ? undefined : { names: first.map(({ file }) => file) };
    const members = request.inputs.fields && watchMembers(batch.inputs);
    const tally = await writeResults({ ...batch, ...members }, { ...request, lines }, host);
    if (tally === 'output-closed') return tally;
    const hasInputs = batch.hasInputs();
    if (members && hasInputs && !members.wereThere()) {
      host.onNote('--with-fields: none of the images is in an archive, so rows have no fields');
    }
    return { ...tally, hasInputs, isBatch };
  } finally {
    batch.close();
  }
}

/** The inputs, and whether files in archives were among those that were asked for. */
function watchMembers(all: Batch['inputs']): { readonly inputs: Batch['inputs']; readonly wereThere: () => boolean } {
  let wereThere = false;
  async function* inputs() {
    for await (const input of all) {
      wereThere ||= input.member !== undefined;
      yield input;
    }
  }
  return { inputs: inputs(), wereThere: () => wereThere };
}

/** What is kept of the predictions of a picture, and how many of them are asked of the network. */
async function selectionOf({ filter, group, top }: ClassifyRequest, runner: Runner): Promise<Selection> {
  if (!group && Object.keys(filter).length === 0) {
    return { filter: (predictions) => predictions, takesUnknown: true, top };
  }
  // Apart, as most starts need none of it.
  const { createSelection } = await import('../batch/select-predictions.js');
  const labels = filter.only || filter.not || group ? runner.readLabels() : [];
  return createSelection({ filter, group, top }, labels, {
    ...runner.model,
    ...(runner.tellsUnknown && { tellsUnknown: true }),
  });
}

function writeResults(
  batch: Batch,
  request: ClassifyRequest & { readonly lines: FormatOptions['lines'] },
  host: OutputHost,
): Promise<ClassTally | 'output-closed'> {
  const { format: formatName, nulOutput, template: print, reportsSkipped, rowModel, lines } = request;
  const { runner } = batch;
  const { model, cost } = runner;
  return writeBatch(batch, request, host, async (isTerminal) => {
    const { top, ...selection } = await selectionOf(request, runner);
    const format = await openFormat(formatName, {
      ...{ model, cost, template: print, nul: nulOutput, isTerminal, lines, rowModel },
    });
    const { output, strict: retry, hash, lenient } = request;
    return {
      async keepDone(changed) {
        // Apart, as most starts resume nothing.
        const { keepValidRows, readRow } = await import('../batch/resume.js');
        return keepValidRows(output!, (text, where) => readRow(text, where, model), { retry, hash, lenient, changed });
      },
      createWriter: (opened) =>
        new ResultWriter(opened, format, {
          ...{ formatName, nulOutput, ...selection, reportsSkipped },
          onProblem: host.onProblem,
        }),
      run: (tasks, signal) => classifyAll(tasks, runner, { signal, top }),
    };
  });
}
