import { availableParallelism } from 'node:os';
import type { FilterOptions } from '../batch/filter.js';
import { UsageError } from '../errors/errors.js';
import type { InputOptions } from '../inputs/find.js';
import { parseShard } from '../inputs/shard.js';
import { chooseFormat, FORMATS, type FormatName } from '../report/formats.js';
import { type LoadOptions, MOST_THREADS } from '../use-cases/classifier.js';
import type { ClassifyFlags } from './classify.js';
import { parseNumber, parseWhole } from './options.js';
import { formatByEnding } from './output.js';

/** What the flags of `classify` mean. */
export interface ClassifyWishes {
  readonly choice: LoadOptions;
  readonly inputs: InputOptions;
  readonly filter: FilterOptions;
  readonly format: FormatName;
  readonly nulOutput: boolean;
  readonly top: number;
  readonly maxPixels: number;
  /** Pictures at a time; undefined where few pictures are done one by one. */
  readonly jobs: number | undefined;
  readonly defaultJobs: number;
  readonly timeoutMs: number | undefined;
  /** Size and time of files in each row. */
  readonly hasMeta: boolean;
}

/** The longest that a timer can wait. */
const MOST_SECONDS = 2_000_000;

/** Throws UsageError for a value that means nothing, or options that contradict each other. */
export function readWishes(names: readonly string[], flags: ClassifyFlags): ClassifyWishes {
  const { filesFrom = [], timeout, min, only, not, shard, output, resume, hash } = flags;
  if (names.length === 0 && filesFrom.length === 0) {
    throw new UsageError({
      where: 'missing required argument',
      problem: 'no file given',
      expected: 'pictures, folders or --files-from',
    });
  }
  const readers = [...names, ...filesFrom].filter((name) => name === '-').length;
  if (readers > 1)
    throw new UsageError({ where: '-', problem: 'stdin twice', expected: 'one picture or one list there' });
  const format = chooseFormat(flags.format ?? formatOf(flags), flags.json ?? false, flags.print);
  if (resume && (output === undefined || format !== 'jsonl')) {
    throw new UsageError({
      where: '--resume',
      expected: '--output FILE and --format jsonl (mobilenet merge writes others from it)',
    });
  }
  if (resume && flags.overwrite)
    throw new UsageError({ where: '--resume', problem: 'with --overwrite', expected: 'one of them' });
  if (resume && names.includes('-'))
    throw new UsageError({ where: '--resume', problem: 'with -', expected: 'pictures that have names' });
  for (const [option, classes] of [
    ['--only', only],
    ['--not', not],
  ] as const) {
    if (classes?.length === 0)
      throw new UsageError({ where: option, problem: 'no class', expected: 'some with commas between them' });
  }
  if (hash && format !== 'jsonl') throw new UsageError({ where: '--hash', expected: '--format jsonl' });
  const nulInput = flags.null ?? flags.nullInput ?? false;
  const most = min === undefined ? undefined : /^[\d.]+(e-?\d+)?$/i.test(min) ? Number(min) : Number.NaN;
  if (most !== undefined && !(most >= 0 && most <= 1)) {
    throw new UsageError({ where: `--min ${min}`, expected: 'a probability, 0 to 1' });
  }
  const choice = readChoice(flags);
  const jobs = readJobs(flags, choice);
  const seconds = parseNumber('--timeout', timeout);
  if (seconds !== undefined && seconds > MOST_SECONDS) {
    throw new UsageError({ where: `--timeout ${timeout}`, expected: `at most ${MOST_SECONDS} seconds` });
  }
  if (seconds !== undefined && (choice.exact || (choice.threads ?? 1) > 1)) {
    throw new UsageError({ where: '--timeout', problem: 'with --exact or --threads', expected: 'neither' });
  }
  return {
    choice,
    inputs: {
      recursive: flags.recursive,
      ...(flags.hidden && { hidden: true }),
      ...(flags.include && { include: flags.include }),
      ...(flags.exclude && { exclude: flags.exclude }),
      filesFrom,
      separator: nulInput ? 'nul' : 'newline',
      ...(shard !== undefined && { shard: parseShard(shard) }),
    },
    filter: { ...(most !== undefined && { min: most }), ...(only && { only }), ...(not && { not }) },
    format,
    nulOutput: flags.null ?? flags.nullOutput ?? false,
    top: parseWhole('--top', flags.top ?? (format === 'paths' ? '1' : '5'), 'a whole number of predictions')!,
    maxPixels: parseWhole('--max-pixels', flags.maxPixels, 'a whole number of pixels')!,
    jobs,
    defaultJobs: availableParallelism(),
    timeoutMs: seconds === undefined ? undefined : Math.ceil(1000 * seconds),
    hasMeta: hash === true || (format === 'jsonl' && output !== undefined),
  };
}

function readJobs(flags: ClassifyFlags, { exact, threads = 1 }: LoadOptions): number | undefined {
  const jobs = parseWhole('--jobs', flags.jobs, `a whole number from 1 to ${MOST_THREADS}`, MOST_THREADS);
  if (jobs !== undefined && jobs > 1 && threads > 1) {
    throw new UsageError({
      where: `--jobs ${jobs}`,
      problem: `with --threads ${threads}`,
      expected: 'one of them above 1',
    });
  }
  if (jobs !== undefined && jobs > 1 && exact) {
    throw new UsageError({
      where: `--jobs ${jobs}`,
      problem: 'exact integers are computed by one thread',
      expected: '1',
    });
  }
  return jobs;
}

function readChoice(flags: ClassifyFlags): LoadOptions {
  const { model, weights, labels, crop, resize, exact, dtype, deterministic } = flags;
  const alpha = parseNumber('--alpha', flags.alpha);
  const resolution = parseWhole('--res', flags.res, 'a whole number of pixels');
  const threads = parseWhole('--threads', flags.threads, `a whole number from 1 to ${MOST_THREADS}`, MOST_THREADS);
  return {
    ...(model !== undefined && { model }),
    ...(alpha !== undefined && { alpha }),
    ...(resolution !== undefined && { resolution }),
    ...(weights !== undefined && { weights }),
    ...(labels !== undefined && { labels }),
    ...(crop !== undefined && { crop }),
    ...(resize !== undefined && { filter: resize }),
    ...(exact !== undefined && { exact }),
    ...(dtype !== undefined && { dtype }),
    ...(deterministic !== undefined && { deterministic }),
    ...(threads !== undefined && { threads }),
  };
}

/** As the output file's name ends. */
function formatOf({ output, json, print }: ClassifyFlags): FormatName | undefined {
  if (output === undefined || json || print !== undefined) return undefined;
  const formats = FORMATS.filter((name) => name !== 'print');
  return formatByEnding<FormatName>(output, formats, { txt: 'text' });
}
