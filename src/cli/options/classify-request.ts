import { availableParallelism } from 'node:os';
import { UsageError } from '../../errors/errors.js';
import { chooseFormat, type FormatName } from '../../report/formats.js';
import type { LoadOptions } from '../../use-cases/classifier.js';
import type { ClassifyRequest } from '../../use-cases/classify-pictures.js';
import { formatByEnding } from '../terminal/output.js';
import { type ClassifyFlags, computationOptions, modelOptions, NAMED_FORMATS } from './classify-options.js';
import { pick } from './option-table.js';

/** Throws UsageError for options that contradict each other. */
export function readRequest(names: readonly string[], flags: ClassifyFlags): ClassifyRequest {
  const { filesFrom = [], timeout, min, only, not, shard, output, hash, nul } = flags;
  checkNames(names, filesFrom);
  const format = chooseFormat(flags.format ?? formatOf(flags), flags.json ?? false, flags.print);
  checkStdinName(names, flags);
  checkResume(names, flags, format);
  if (!flags.rowModel && format !== 'jsonl')
    throw new UsageError({ where: '--no-model', problem: 'needs --format jsonl' });
  if (hash && format !== 'jsonl') throw new UsageError({ where: '--hash', problem: 'needs --format jsonl' });
  const { pull: _, ...model } = pick(flags, modelOptions);
  const { jobs, ...computation } = pick(flags, computationOptions);
  const choice: LoadOptions = { ...model, ...computation };
  checkComputation(flags);
  if (flags.strict && flags.allowFailures) {
    throw new UsageError({ where: '--allow-failures', problem: 'cannot be combined with --strict' });
  }
  const { recursive, hidden, include, exclude } = flags;
  return {
    names,
    choice,
    output,
    template: flags.print,
    resume: flags.resume ?? false,
    hash: hash ?? false,
    strict: flags.strict ?? false,
    reportsSkipped: flags.reportSkipped ?? false,
    inputs: {
      recursive,
      ...(hidden && { hidden }),
      ...(include && { include }),
      ...(exclude && { exclude }),
      filesFrom,
      separator: (nul ?? flags.nulInput) ? 'nul' : 'newline',
      ...(shard && { shard }),
      ...(flags.stdinName !== undefined && { stdinName: flags.stdinName }),
    },
    filter: { ...(min !== undefined && { min }), ...(only && { only }), ...(not && { not }) },
    group: flags.group ?? false,
    format,
    // Who says how many predictions there are to be wants to see them.
    isLong: flags.long ?? flags.top !== undefined,
    rowModel: flags.rowModel,
    nulOutput: nul ?? flags.nulOutput ?? false,
    top: flags.top ?? (format === 'paths' ? 1 : 5),
    maxPixels: flags.maxPixels,
    lenient: flags.lenient ?? false,
    jobs,
    defaultJobs: availableParallelism(),
    timeoutMs: timeout === undefined ? undefined : Math.ceil(1000 * timeout),
    hasMeta: hash === true || (format === 'jsonl' && output !== undefined),
  };
}

function checkNames(names: readonly string[], filesFrom: readonly string[]): void {
  if (names.length === 0 && filesFrom.length === 0) {
    throw new UsageError({ problem: 'no input given', expected: 'images, folders or --files-from' });
  }
  if ([...names, ...filesFrom].filter((name) => name === '-').length > 1) {
    throw new UsageError({ where: '-', problem: 'stdin can only be read once' });
  }
}

function checkStdinName(names: readonly string[], { stdinName }: ClassifyFlags): void {
  const where = '--stdin-name';
  if (stdinName === '') throw new UsageError({ where, expected: 'a name' });
  if (stdinName !== undefined && !names.includes('-')) {
    throw new UsageError({ where, problem: 'no image on stdin', expected: '- as an input' });
  }
}

function checkResume(
  names: readonly string[],
  { resume, output, overwrite, rowModel }: ClassifyFlags,
  format: FormatName,
): void {
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
  if (overwrite) throw new UsageError({ where, problem: 'cannot be combined with --overwrite' });
  if (names.includes('-')) throw new UsageError({ where, problem: 'cannot be combined with an image on stdin (-)' });
}

function checkComputation({ jobs = 1, threads = 1, exact, timeout }: ClassifyFlags): void {
  if (jobs > 1 && threads > 1) {
    throw new UsageError({ where: `--jobs ${jobs}`, problem: `cannot be combined with --threads ${threads}` });
  }
  if (jobs > 1 && exact) {
    throw new UsageError({
      where: `--jobs ${jobs}`,
      problem: 'cannot be combined with --exact, which uses one thread',
    });
  }
  if (timeout !== undefined && (exact || threads > 1)) {
    throw new UsageError({ where: '--timeout', problem: `cannot be combined with ${exact ? '--exact' : '--threads'}` });
  }
}

/** By the extension of the output file. */
function formatOf({ output, json, print }: ClassifyFlags): FormatName | undefined {
  if (output === undefined || json || print !== undefined) return undefined;
  return formatByEnding<FormatName>(output, NAMED_FORMATS, { txt: 'text' });
}
