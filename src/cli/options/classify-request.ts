import { UsageError } from '../../errors/errors.js';
import { checkParquet, chooseFormat, type FormatName } from '../../report/formats.js';
import type { ClassifyRequest } from '../../use-cases/classify-pictures.js';
import { formatByEnding } from '../terminal/output.js';
import { readBatchRequest } from './batch-request.js';
import { type ClassifyFlags, classifyOptions, NAMED_FORMATS } from './classify-options.js';
import { readPart } from './part-options.js';

/** Throws UsageError for options that contradict each other. */
export function readRequest(names: readonly string[], flags: ClassifyFlags): ClassifyRequest {
  const { min, only, not, hash } = flags;
  const format = chooseFormat(flags.format ?? formatOf(flags), flags.json ?? false, flags.print);
  checkParquet(format, flags.output);
  checkResume(flags, format);
  const batch = readBatchRequest(names, flags, format === 'jsonl');
  if (!flags.rowModel && format !== 'jsonl')
    throw new UsageError({ where: '--no-model', problem: 'needs --format jsonl' });
  if (flags.withFields && !['jsonl', 'json', 'parquet'].includes(format))
    throw new UsageError({ where: '--with-fields', problem: 'needs --format json, jsonl or parquet' });
  if (hash && format !== 'jsonl') throw new UsageError({ where: '--hash', problem: 'needs --format jsonl' });
  return {
    ...batch,
    ...(format === 'jsonl' && batch.output !== undefined && { part: readPart(names, flags, classifyOptions) }),
    template: flags.print,
    filter: { ...(min !== undefined && { min }), ...(only && { only }), ...(not && { not }) },
    group: flags.group ?? false,
    format,
    // Who says how many predictions there are to be wants to see them.
    isLong: flags.long ?? flags.top !== undefined,
    rowModel: flags.rowModel,
    nulOutput: flags.nul ?? flags.nulOutput ?? false,
    top: flags.top ?? (format === 'paths' ? 1 : 5),
  };
}

function checkResume({ resume, output, rowModel }: ClassifyFlags, format: FormatName): void {
  if (!resume) return;
  const where = '--resume';
  if (output === undefined || format !== 'jsonl') {
    throw new UsageError({
      where,
      problem: 'needs --output FILE with --format jsonl',
      remedy: 'mobilenet merge converts JSONL to the other formats',
    });
  }
  if (!rowModel) throw new UsageError({ where, problem: 'cannot be combined with --no-model' });
}

/** By the extension of the output file. */
function formatOf({ output, json, print }: ClassifyFlags): FormatName | undefined {
  if (output === undefined || json || print !== undefined) return undefined;
  return formatByEnding<FormatName>(output, NAMED_FORMATS, { txt: 'text' });
}
