import { rowName } from '../batch/read-rows.js';
import {
  type DuplicateFormat,
  type DuplicateGroup,
  duplicatesJson,
  duplicatesText,
} from '../report/duplicates-text.js';
import { jsonLine } from '../report/json.js';
import { describeFiles } from './describe-duplicates.js';
import type { FoundGroup, FoundGroups, GroupRequest } from './duplicate-groups.js';
import { groupIdentical } from './group-identical.js';
import { groupSimilar } from './group-similar.js';
import { LateOutput, type LateOutputHost } from './late-output.js';
import { NameLines } from './name-lines.js';
import { countError } from './tally.js';
import type { VisitHost, VisitTally } from './visit-vectors.js';
import type { Output } from './write-batch.js';

/** What `mobilenet duplicates` is asked for. */
export interface DuplicatesRequest extends GroupRequest {
  /** Least similarity of a duplicate; `identical`: the same bytes. */
  readonly like: number | 'identical';
  readonly format: DuplicateFormat;
  readonly nulOutput: boolean;
}

export type DuplicatesHost = VisitHost & LateOutputHost;

export interface DuplicatesTally extends VisitTally {
  groups: number;
  /** Pictures that are not kept. */
  duplicates: number;
}

/**
 * Finds groups of pictures that are alike, and the one of each to keep. Nothing is deleted.
 * @throws UsageError, ModelError as `visitVectors`
 */
export async function findDuplicates(
  request: DuplicatesRequest,
  host: DuplicatesHost,
): Promise<DuplicatesTally | { readonly exitCode: number } | 'output-closed'> {
  const opened = new LateOutput(host);
  let isWhole = false;
  try {
    const found = await findGroups(request, host, () => opened.open());
    if ('exitCode' in found) return found;
    const tally = { ...found.tally, groups: found.groups.length, duplicates: 0 };
    for (const { others } of found.groups) tally.duplicates += others.length;
    if (tally.isInterrupted) return tally;
    isWhole = await writeGroups({ ...found, tally }, request, host, opened.output);
    return isWhole ? tally : 'output-closed';
  } finally {
    await opened.close(isWhole);
  }
}

/** @returns false where nobody reads any more */
async function writeGroups(
  { tally, groups, errors }: FoundGroups,
  request: DuplicatesRequest,
  { onProblem }: VisitHost,
  output: Output,
): Promise<boolean> {
  if (request.format === 'jsonl') for (const record of errors) await output.write(jsonLine(record));
  const lines = new NameLines({ nul: request.nulOutput, isTerminal: output.isTerminal });
  for (const [at, group] of groups.entries()) {
    if (output.isClosed) return false;
    if (request.format === 'paths') await output.write(lines.of(group.others.map(({ picture }) => rowName(picture))));
    else await output.write(groupText(await describeGroup(group, at + 1, request), request.format));
  }
  for (const problem of lines.refused) {
    countError(tally, { file: '', path: '' }, { code: 'name', message: problem });
    onProblem(problem);
  }
  return true;
}

async function findGroups(
  request: DuplicatesRequest,
  host: VisitHost,
  begin: () => Promise<void>,
): Promise<FoundGroups | { readonly exitCode: number }> {
  const { like } = request;
  if (like !== 'identical') return groupSimilar({ ...request, like }, host, begin);
  await begin();
  return groupIdentical(request, host);
}

async function describeGroup(
  { kept, others }: FoundGroup,
  group: number,
  { maxPixels }: DuplicatesRequest,
): Promise<DuplicateGroup> {
  return { group, kept: kept.picture.file, files: await describeFiles([kept, ...others], maxPixels) };
}

function groupText(group: DuplicateGroup, format: Exclude<DuplicateFormat, 'paths'>): string {
  return format === 'text' ? duplicatesText(group) : duplicatesJson(group);
}
