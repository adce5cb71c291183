import { donePath, findIncomplete } from '../../batch/done-file.js';
import { mergeParts } from '../../batch/merge.js';
import { checkRows } from '../../batch/read-rows.js';
import { SKIPPED } from '../../domain/classification.js';
import { elementAt } from '../../errors/element-at.js';
import { exitCodes, UsageError } from '../../errors/errors.js';
import { printable } from '../../errors/printable.js';
import type { Format } from '../../report/format-types.js';
import { checkParquet, chooseFormat, openFormat, refuseLines } from '../../report/formats.js';
import { MERGED_FORMATS, type MergedFormat, type MergeFlags } from '../options/merge-options.js';
import { formatByEnding, openStdin, openStdout, openWhole, outputTest, refuseInput } from '../terminal/output.js';
import { lockOutput } from '../terminal/output-lock.js';
import { listenForSignals } from '../terminal/signals.js';
import { writeLine } from './batch-run.js';

/** Joins and writes. Returns the exit code. */
export async function runMerge(named: readonly string[], flags: MergeFlags): Promise<number> {
  const { output: target, nulOutput: nul = false } = flags;
  const formatName = mergedFormat(flags);
  checkParquet(formatName, target);
  if (target !== undefined) refuseInput(target, named);
  const rowFiles = withoutDone(named);
  const parts = target === undefined ? withoutStdout(rowFiles) : rowFiles;
  // Before anything is written: a part that is missing or cannot be read must cost nothing.
  if (flags.expect !== undefined && !isComplete(parts, flags.expect)) return exitCodes.output;
  if (parts.includes('-')) openStdin();
  for (const part of parts) checkRows(part);
  // Before there is a file that an end would leave behind.
  const signals = listenForSignals();
  const release = target === undefined ? undefined : await lockOutput(target);
  const output = target === undefined ? openStdout() : openWhole(target, flags.overwrite ?? false);
  let isWhole = false;
  let failed = 0;
  let torn = 0;
  let repeated = 0;
  let format: Format | undefined;
  const begin = async (model?: Parameters<typeof openFormat>[1]['model']): Promise<Format> => {
    if (format) return format;
    format = await openFormat(formatName, { model, nul, isTerminal: output.isTerminal });
    await output.write(format.begin());
    return format;
  };
  try {
    const onTorn = (part: string) => {
      torn++;
      writeLine(`${part}: the last row is incomplete and was left out`);
    };
    const onRepeated = () => {
      repeated++;
    };
    for await (const { record, model, name } of mergeParts(parts, { onTorn, onRepeated }, signals.signal.native)) {
      if (output.isClosed) return exitCodes.ok;
      if (signals.exitCode !== undefined) return signals.exitCode;
      const fault = refuseLines(formatName, nul, name);
      if (('error' in record && record.error.code !== SKIPPED) || fault !== undefined) failed++;
      const writer = await begin(model);
      if (fault !== undefined) writeLine(fault);
      else {
        const ranks = 'error' in record ? [] : record.predictions.map(({ rank }, index) => rank ?? index + 1);
        await output.write(writer.entry({ record, ranks, name }));
      }
    }
    await output.write((await begin()).end(undefined));
    isWhole = true;
  } catch (error) {
    if (signals.exitCode !== undefined) return signals.exitCode;
    throw error;
  } finally {
    signals.stop();
    output.close(isWhole);
    await release?.();
  }
  if (repeated > 0) writeLine(repeatedRows(repeated));
  if (torn > 0) return exitCodes.output;
  return failed === 0 || flags.allowFailures ? exitCodes.ok : exitCodes.someInputsFailed;
}

function repeatedRows(count: number): string {
  const [rows, names] = count === 1 ? ['1 row was', 'its file name'] : [`${count} rows were`, 'their file names'];
  return `${rows} left out, as ${names} had occurred before`;
}

/** Says what is not. */
function isComplete(parts: readonly string[], expected: number): boolean {
  if (parts.includes('-')) {
    throw new UsageError({ where: '--expect', problem: 'cannot be combined with rows from stdin (-)' });
  }
  const problems = findIncomplete(parts, expected);
  for (const problem of problems) writeLine(problem);
  return problems.length === 0;
}

/** Without what says of another argument that it is finished, as `parts/*` names both. */
function withoutDone(named: readonly string[]): readonly string[] {
  const marks = new Set(named.map(donePath));
  return named.filter((name) => !marks.has(name));
}

/** Of `> parts/all.jsonl` for `parts/*.jsonl`, the second time. Throws UsageError where that leaves nothing. */
function withoutStdout(named: readonly string[]): readonly string[] {
  const isWritten = outputTest(undefined);
  const parts = isWritten ? named.filter((part) => part === '-' || !isWritten(part)) : named;
  if (parts.length > 0) return parts;
  throw new UsageError({ where: printable(elementAt(named, 0)), problem: 'is also the output' });
}

/** As `--format` says, or the output file's name ends. */
function mergedFormat({ format, json = false, output }: MergeFlags): MergedFormat {
  if (json) return chooseFormat(format, json, undefined) as 'json';
  if (format !== undefined || output === undefined) return format ?? 'jsonl';
  return formatByEnding<MergedFormat>(output, MERGED_FORMATS, { '': 'jsonl' });
}
