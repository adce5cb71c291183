import { exitCodes } from '../../errors/errors.js';
import { printable } from '../../errors/printable.js';
import { jsonDocument } from '../../report/json.js';
import {
  failureCounts,
  failureRecord,
  failureText,
  installedCounts,
  modelCount,
  pulledText,
  sizeOf,
} from '../../report/pull-text.js';
import type { PullOptions } from '../../use-cases/pull.js';
import { type PullOutcome, pullSeveral, type Selection, select } from '../../use-cases/pull-several.js';
import { startDownloadProgress } from '../terminal/download-progress.js';

interface Request extends PullOptions {
  readonly json: boolean;
  /** No progress on stderr. */
  readonly isSilent: boolean;
  readonly to: string | undefined;
}

/** Pulls several models, into the store or a bundle: what succeeds on stdout, what fails on stderr, as it comes. */
export async function runPullSeveral(
  selection: Omit<Selection, 'withInstalled'>,
  { json, isSilent, to, ...options }: Request,
): Promise<void> {
  const { items, leftOut } = select({ ...selection, withInstalled: to !== undefined });
  const outcomes: PullOutcome[] = [];
  const watch = async (name: string) => {
    const { report, wait, stop } = await startDownloadProgress(name, isSilent);
    return { onProgress: report, onWait: wait, stop };
  };
  for await (const outcome of pullSeveral(items, { ...options, to, watch })) {
    outcomes.push(outcome);
    if (isFailed(outcome)) process.stderr.write(`mobilenet: ${failureText(outcome)}\n`);
    else if (!json)
      process.stdout.write(to === undefined ? pulledText(outcome) : `${outcome.name} (${sizeOf(outcome.model)})\n`);
  }
  const pulled = outcomes.filter((outcome) => 'model' in outcome);
  const failed = outcomes.filter(isFailed);
  if (failed.length > 0) process.exitCode = exitCodes.model;
  if (json) {
    process.stdout.write(
      jsonDocument({
        ...(to !== undefined && { bundle: to }),
        models: pulled.map(({ model, fetched }) => ({ model, fetched })),
        failed: failed.map(failureRecord),
      }),
    );
    return;
  }
  const fetched = pulled.filter((each) => each.fetched).length;
  const parts = [
    ...(to === undefined
      ? installedCounts(fetched, pulled.length - fetched)
      : [modelCount(pulled.length, `in ${printable(to)}`)]),
    ...failureCounts(failed),
    ...(leftOut > 0 ? [`${leftOut} left out, published as several files`] : []),
  ];
  process.stdout.write(`${parts.join(', ')}\n`);
  if (to !== undefined && pulled.length > 0) {
    process.stdout.write(`On the other machine, run: mobilenet import --bundle ${printable(to)}\n`);
  }
}

type Failed = Extract<PullOutcome, { readonly error: unknown }>;

function isFailed(outcome: PullOutcome): outcome is Failed {
  return 'error' in outcome;
}
