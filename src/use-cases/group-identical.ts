import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { fetchContent, originOf, recordErrorOf } from '../batch/run.js';
import { hashFile } from '../batch/tasks-to-do.js';
import { type FailedRecord, SKIPPED } from '../domain/classification.js';
import { UsageError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { checkFormat } from '../images/decode.js';
import type { Input } from '../inputs/types.js';
import {
  type DuplicateMember,
  type FoundGroup,
  type FoundGroups,
  type GroupRequest,
  type NamedPicture,
  sortGroups,
} from './duplicate-groups.js';
import { byName, orderToKeep } from './keep-order.js';
import { inputOptions } from './open-batch.js';
import { fileIdentity } from './picture-name.js';
import { countDone, countError, newTally } from './tally.js';
import { noImages, openSources, type Side, type VisitHost } from './visit-vectors.js';

/** A file that may be like another one byte by byte. */
interface Candidate {
  readonly side: Side;
  readonly picture: NamedPicture;
  readonly hash: () => Promise<string>;
}

/** Groups images whose files have the same bytes. No model runs, and files of a size of their own are not read. */
export async function groupIdentical(request: GroupRequest, host: VisitHost): Promise<FoundGroups> {
  const sources = await openSources(request);
  const { files, sideOf } = sources;
  const errors: FailedRecord[] = [];
  const tally = newTally();
  const seen = { own: 0, other: 0 };
  const bySize = new Map<number, Candidate[]>();
  const add = (size: number, candidate: Candidate) => {
    seen[candidate.side]++;
    tally.succeeded++;
    bySize.set(size, [...(bySize.get(size) ?? []), candidate]);
  };
  const fail = (input: Input, error: unknown) => {
    const record = { ...originOf(input), error: input.error ?? recordErrorOf(input, error) };
    countError(tally, input, record.error);
    if (record.error.code === SKIPPED) return;
    host.onProblem(record.error.message);
    errors.push(record);
  };
  const signals = host.listenForSignals();
  const progress = await host.startProgress(() => undefined);
  const begun = performance.now();
  let hasInputs = files.length > 0;
  try {
    for (const { side, file, name } of files) {
      for await (const { row } of file.pictures()) add(...candidateOfRow(row, side, name));
    }
    const options = {
      ...inputOptions(request.inputs, host, signals.signal),
      onFirst() {
        hasInputs = true;
      },
    };
    for await (const input of sources.find(options)) {
      if (signals.signal.aborted) break;
      progress.clear();
      try {
        if (input.error) fail(input, undefined);
        else add(...(await candidateOf(input, sideOf(input))));
      } catch (error) {
        fail(input, error);
      }
      progress.progress(countDone(tally));
    }
    const isInterrupted = signals.signal.aborted;
    if (request.other !== undefined && !isInterrupted && seen.other === 0) throw noImages(request.other);
    const groups = isInterrupted ? [] : await groupByHash(bySize, request.keep);
    tally.seconds = (performance.now() - begun) / 1000;
    return { tally: { ...tally, hasInputs, isBatch: tally.succeeded > 1, isInterrupted, seen }, groups, errors };
  } finally {
    progress.stop();
    signals.stop();
    host.stdin?.destroy();
    for (const { file } of files) file.close();
  }
}

function candidateOfRow(row: NamedPicture, side: Side, npy: string): [number, Candidate] {
  const { sha256, size } = row;
  if (sha256 === undefined || size === undefined) {
    throw new UsageError({
      where: printable(npy),
      problem: 'its images have no SHA-256',
      remedy: 'write it with mobilenet embed --hash',
    });
  }
  return [size, { side, picture: row, hash: async () => sha256 }];
}

async function candidateOf(input: Input, side: Side): Promise<[number, Candidate]> {
  const origin = originOf(input);
  const { bytes } = input.fetch ? await fetchContent(input.fetch) : input;
  await checkFormat(bytes ?? input.file, input.file, typeof input.path === 'string' ? undefined : input.path);
  if (bytes) {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return [bytes.length, { side, picture: { ...origin, sha256 }, hash: async () => sha256 }];
  }
  const { size, mtimeMs } = await stat(input.path);
  const picture = { ...origin, size, mtime: Math.floor(mtimeMs) };
  return [size, { side, picture, hash: () => hashFile(input.path) }];
}

async function groupByHash(
  bySize: ReadonlyMap<number, readonly Candidate[]>,
  keep: GroupRequest['keep'],
): Promise<FoundGroup[]> {
  const groups = new Map<NamedPicture, DuplicateMember[]>();
  for (const candidates of bySize.values()) {
    if (candidates.length < 2) continue;
    const byHash = new Map<string, Candidate[]>();
    for (const candidate of candidates) {
      const hash = await candidate.hash();
      byHash.set(hash, [
        ...(byHash.get(hash) ?? []),
        { ...candidate, picture: { ...candidate.picture, sha256: hash } },
      ]);
    }
    for (const alike of byHash.values()) {
      const group = groupOf(alike, keep);
      if (group) groups.set(group.kept, group.others);
    }
  }
  return sortGroups(groups);
}

/** Pictures of an archive are kept. A file that is found twice, or in the archive too, is no duplicate of itself. */
function groupOf(
  alike: readonly Candidate[],
  keep: GroupRequest['keep'],
): { readonly kept: NamedPicture; readonly others: DuplicateMember[] } | undefined {
  const archived = alike.filter(({ side }) => side === 'other').map(({ picture }) => picture);
  const seen = new Set(archived.map(fileIdentity));
  const own: NamedPicture[] = [];
  for (const { side, picture } of alike) {
    const identity = fileIdentity(picture);
    if (side === 'other' || seen.has(identity)) continue;
    seen.add(identity);
    own.push(picture);
  }
  const order = orderToKeep(own, keep).map((place) => own[place]!);
  const [kept, ...others] = archived.length > 0 ? [archived.sort(byName)[0]!, ...order] : order;
  if (!kept || others.length === 0) return undefined;
  return { kept, others: others.map((picture) => ({ picture, similarity: 1 })) };
}
