import { UsageError } from '../../errors/errors.js';
import { DUPLICATE_FORMATS, duplicatesSummary } from '../../report/duplicates-text.js';
import { SIMILAR_FORMATS } from '../../report/similar-text.js';
import { type DuplicatesTally, findDuplicates } from '../../use-cases/duplicates.js';
import { findSimilar } from '../../use-cases/similar.js';
import type { VisitTally } from '../../use-cases/visit-vectors.js';
import { readBatchRequest } from '../options/batch-request.js';
import type { DuplicatesFlags, SimilarFlags } from '../options/similar-options.js';
import { formatByEnding } from '../terminal/output.js';
import { runBatch } from './batch-run.js';

const INTERRUPTED = 'interrupted before all images were compared: no results';

/** `mobilenet similar`: returns the exit code. */
export async function runSimilar(queries: readonly string[], flags: SimilarFlags): Promise<number> {
  const { in: other, top, min } = flags;
  const format = flags.format ?? formatOf(flags.output, SIMILAR_FORMATS);
  const request = { ...readComparison(queries, flags), ...{ other, top, min, format } };
  return runBatch<VisitTally>([...queries, other], flags, {
    run: (host) => findSimilar(request, host),
    verb: 'compared',
    note: ({ isInterrupted }) => (isInterrupted ? INTERRUPTED : undefined),
  });
}

/** `mobilenet duplicates`: returns the exit code. */
export async function runDuplicates(files: readonly string[], flags: DuplicatesFlags): Promise<number> {
  const { against: other, keep, identical } = flags;
  const format = flags.format ?? formatOf(flags.output, DUPLICATE_FORMATS);
  const like = identical ? ('identical' as const) : flags.like;
  if (like === 0) throw new UsageError({ where: '--like 0', expected: 'a number above 0' });
  const request = { ...readComparison(files, flags), ...{ other, keep, like, format } };
  return runBatch<DuplicatesTally>(other === undefined ? files : [...files, other], flags, {
    run: (host) => findDuplicates(request, host),
    verb: 'compared',
    note({ isInterrupted, seen, groups, duplicates }) {
      if (isInterrupted) return INTERRUPTED;
      return seen.own > 0 ? duplicatesSummary(groups, duplicates) : undefined;
    },
  });
}

/** Throws UsageError for options that contradict each other. */
function readComparison(names: readonly string[], flags: SimilarFlags | DuplicatesFlags) {
  const batch = readBatchRequest(names, flags, false);
  return { ...batch, cache: false, nulOutput: flags.nul ?? flags.nulOutput ?? false };
}

/** By the extension of the output file. */
function formatOf<F extends string>(output: string | undefined, formats: readonly F[]): F | 'text' {
  return output === undefined ? 'text' : formatByEnding<F | 'text'>(output, formats, { txt: 'text' as F | 'text' });
}
