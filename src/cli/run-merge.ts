import { mergeParts } from '../batch/merge.js';
import { checkRows } from '../batch/read-rows.js';
import { exitCodes } from '../errors.js';
import { printable, printableJson } from '../printable.js';
import { createFormat, type Format, refuseLines } from '../report/formats.js';
import type { MergeFlags } from './merge.js';
import { openReplacement, openStdout, refuseInput, stdoutTest } from './output.js';

/** Joins and writes. Returns the exit code. */
export async function runMerge(named: readonly string[], flags: MergeFlags): Promise<number> {
  // `> parts/all.jsonl` for `parts/*.jsonl`, the second time.
  const isStdout = flags.output === undefined ? stdoutTest() : undefined;
  const parts = isStdout ? named.filter((part) => part === '-' || !isStdout(part)) : named;
  const nul = flags.nullOutput ?? false;
  const formatName = flags.format ?? formatByEnding(flags.output);
  if (flags.output !== undefined) {
    // Before the output is touched: a part that cannot be read must not cost what is there.
    refuseInput(flags.output, parts);
    for (const part of parts) checkRows(part);
  }
  const output = flags.output === undefined ? openStdout() : openReplacement(flags.output, flags.overwrite ?? false);
  let isWhole = false;
  let failed = 0;
  const report = (message: string) => {
    failed++;
    process.stderr.write(`mobilenet: ${printable(message)}\n`);
  };
  try {
    let format: Format | undefined;
    const torn = (part: string) => report(`${part}: the last line is torn and left out, expected a whole one`);
    for await (const { record, model, name, text } of mergeParts(parts, torn)) {
      if (output.isClosed) return exitCodes.ok;
      if ('error' in record) failed++;
      if (formatName === 'jsonl') {
        await output.write(`${printableJson(text)}\n`);
        continue;
      }
      if (!format) {
        format = createFormat(formatName, {
          model,
          cost: { macs: 0, flops: 0, params: 0 },
          nul,
          isTerminal: output.isTerminal,
        });
        await output.write(format.begin());
      }
      const fault = refuseLines(formatName, nul, name);
      if (fault !== undefined) report(fault);
      else {
        const ranks = 'error' in record ? [] : record.predictions.map((_, index) => index + 1);
        await output.write(format.entry({ record, ranks, name }));
      }
    }
    isWhole = true;
  } finally {
    output.close(isWhole);
  }
  return failed === 0 ? exitCodes.ok : exitCodes.someInputsFailed;
}

function formatByEnding(output: string | undefined): 'jsonl' | 'csv' | 'tsv' {
  const [, ending] = /\.(csv|tsv)$/i.exec(output ?? '') ?? [];
  return (ending?.toLowerCase() as 'csv' | 'tsv' | undefined) ?? 'jsonl';
}
