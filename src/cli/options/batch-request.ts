import { availableParallelism } from 'node:os';
import { UsageError } from '../../errors/errors.js';
import type { BatchRequest } from '../../use-cases/open-batch.js';
import type { OutputRequest } from '../../use-cases/write-batch.js';
import { computationOptions, errorOptions, inputOptions, modelOptions, rowOptions } from './batch-options.js';
import { type OptionValues, pick } from './option-table.js';

const options = { ...modelOptions, ...computationOptions, ...inputOptions, ...rowOptions, ...errorOptions };

/** The options that all commands have which run many pictures. */
export type BatchFlags = OptionValues<typeof options> & { readonly json?: boolean };

/**
 * What such a command is asked for.
 * @param resumes whether the results can be resumed, so that rows have sizes and times
 * @param isListed whether something else than the arguments names images too
 * @throws UsageError for options that contradict each other
 */
export function readBatchRequest(
  names: readonly string[],
  flags: BatchFlags,
  resumes: boolean,
  isListed = false,
): BatchRequest & OutputRequest {
  const { filesFrom = [], timeout, output, hash = false, strict = false, resume = false } = flags;
  if (flags.stdinFrames) checkFrames(names, flags);
  else if (!isListed) checkNames(names, filesFrom);
  checkStdinName(names, flags);
  checkComputation(flags);
  if (resume) checkResume(names, flags);
  if (strict && flags.allowFailures) {
    throw new UsageError({ where: '--allow-failures', problem: 'cannot be combined with --strict' });
  }
  const { pull: _, ...model } = pick(flags, modelOptions);
  const { jobs, ...computation } = pick(flags, computationOptions);
  return {
    ...{ names, output, resume, hash, strict, jobs },
    choice: { ...model, ...computation },
    inputs: readInputs(flags),
    maxPixels: flags.maxPixels,
    lenient: flags.lenient ?? false,
    defaultJobs: availableParallelism(),
    timeoutMs: timeout === undefined ? undefined : Math.ceil(1000 * timeout),
    hasMeta: hash || (resumes && output !== undefined),
    reportsSkipped: flags.reportSkipped ?? false,
  };
}

function readInputs(flags: BatchFlags): BatchRequest['inputs'] {
  const { recursive, hidden, include, exclude, withFields, filesFrom = [], shard, stdinName } = flags;
  return {
    recursive,
    ...(hidden && { hidden }),
    ...(include && { include }),
    ...(exclude && { exclude }),
    ...(withFields && { fields: withFields }),
    filesFrom,
    separator: (flags.nul ?? flags.nulInput) ? 'nul' : 'newline',
    ...(shard && { shard }),
    ...(flags.stdinFrames && { frames: true }),
    ...(stdinName !== undefined && { stdinName }),
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

/** Options for inputs that are found by their names. */
const FOR_NAMES = ['resume', 'shard', 'include', 'exclude'] as const;

/** Each frame is classified, and comes but once. */
function checkFrames(names: readonly string[], { filesFrom = [], ...flags }: BatchFlags): void {
  const where = '--stdin-frames';
  if (names.length > 0 || filesFrom.length > 0) {
    throw new UsageError({ where, problem: 'cannot be combined with other inputs' });
  }
  const refused = FOR_NAMES.find((name) => flags[name] !== undefined && flags[name] !== false);
  if (refused) throw new UsageError({ where, problem: `cannot be combined with --${refused}` });
}

function checkStdinName(names: readonly string[], { stdinName }: BatchFlags): void {
  const where = '--stdin-name';
  if (stdinName === '') throw new UsageError({ where, expected: 'a name' });
  if (stdinName !== undefined && !names.includes('-')) {
    throw new UsageError({ where, problem: 'no image on stdin', expected: '- as an input' });
  }
}

function checkResume(names: readonly string[], { overwrite }: BatchFlags): void {
  const where = '--resume';
  if (overwrite) throw new UsageError({ where, problem: 'cannot be combined with --overwrite' });
  if (names.includes('-')) throw new UsageError({ where, problem: 'cannot be combined with an image on stdin (-)' });
}

function checkComputation({ jobs = 1, threads = 1, timeout }: BatchFlags): void {
  if (jobs > 1 && threads > 1) {
    throw new UsageError({ where: `--jobs ${jobs}`, problem: `cannot be combined with --threads ${threads}` });
  }
  if (timeout !== undefined && threads > 1) {
    throw new UsageError({ where: '--timeout', problem: 'cannot be combined with --threads' });
  }
}
