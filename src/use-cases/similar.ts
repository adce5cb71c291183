import { rowName } from '../batch/read-rows.js';
import type { FailedRecord } from '../domain/classification.js';
import { ImageError } from '../errors/errors.js';
import { jsonLine } from '../report/json.js';
import {
  type SimilarFormat,
  type SimilarPicture,
  type SimilarRow,
  similarJson,
  similarText,
} from '../report/similar-text.js';
import { type Nearest, openSearch, type Search } from '../vectors/search.js';
import { VectorSet } from '../vectors/vector-set.js';
import { LateOutput, type LateOutputHost } from './late-output.js';
import { NameLines } from './name-lines.js';
import { fileIdentity, nameOf } from './picture-name.js';
import { countError } from './tally.js';
import {
  noImages,
  type VectorPicture,
  type VisitHost,
  type VisitRequest,
  type VisitTally,
  visitVectors,
} from './visit-vectors.js';
import type { Output } from './write-batch.js';

/** What `mobilenet similar` is asked for. */
export interface SimilarRequest extends VisitRequest {
  /** Where it searches. */
  readonly other: string;
  /** Pictures for each query. */
  readonly top: number;
  /** Similarity that they must have. */
  readonly min: number | undefined;
  readonly format: SimilarFormat;
  readonly nulOutput: boolean;
}

export type SimilarHost = VisitHost & LateOutputHost;

/** Vectors that are searched at once, and then let go of. */
const BLOCK = 1024;

/**
 * Finds the pictures that are most similar to each query; a query is not found itself. Queries come out in order.
 * @throws UsageError, ModelError as `visitVectors`
 */
export async function findSimilar(
  request: SimilarRequest,
  host: SimilarHost,
): Promise<VisitTally | { readonly exitCode: number } | 'output-closed'> {
  const errors: FailedRecord[] = [];
  const opened = new LateOutput(host);
  let finder: Finder | undefined;
  let isWhole = false;
  try {
    const tally = await visitVectors(request, host, {
      async begin({ length }) {
        await opened.open();
        finder = new Finder(await openSearch(length), length, request);
      },
      vector: (side, picture, vector) => finder!.add(side === 'own', picture, vector),
      error: (record) => errors.push(record),
    });
    if ('exitCode' in tally || tally.isInterrupted) return tally;
    isWhole = await writeRows({ tally, errors, rows: finder!.rows() }, request, host, opened.output);
    return isWhole ? tally : 'output-closed';
  } finally {
    await opened.close(isWhole);
  }
}

interface Results {
  readonly tally: VisitTally;
  readonly errors: readonly FailedRecord[];
  readonly rows: Iterable<SimilarRow>;
}

/** @returns false where nobody reads any more */
async function writeRows(
  { tally, errors, rows }: Results,
  request: SimilarRequest,
  { onProblem }: VisitHost,
  output: Output,
): Promise<boolean> {
  if (tally.seen.own === 0) throw new ImageError('no-input', { problem: 'no query image could be read' });
  if (tally.seen.other === 0) throw noImages(request.other);
  if (request.format === 'jsonl') for (const record of errors) await output.write(jsonLine(record));
  const lines = new NameLines({ nul: request.nulOutput, isTerminal: output.isTerminal });
  for (const row of rows) {
    if (output.isClosed) return false;
    await output.write(rowText(row, request.format, lines));
  }
  for (const problem of lines.refused) {
    countError(tally, { file: '', path: '' }, { code: 'name', message: problem });
    onProblem(problem);
  }
  return true;
}

function rowText(row: SimilarRow, format: SimilarFormat, lines: NameLines): string | Uint8Array {
  if (format === 'paths') return lines.of(row.similar.map(rowName));
  return format === 'text' ? similarText(row) : similarJson(row);
}

/** Queries, then blocks of what is searched. */
class Finder {
  readonly #search: Search;
  readonly #columns: number;
  readonly #request: SimilarRequest;
  readonly #queries: VectorSet;
  readonly #queryNames: VectorPicture[] = [];
  readonly #names: VectorPicture[] = [];
  #nearest: Nearest | undefined;
  #block: VectorSet;

  constructor(search: Search, columns: number, request: SimilarRequest) {
    this.#search = search;
    this.#columns = columns;
    this.#request = request;
    this.#queries = new VectorSet(columns);
    this.#block = new VectorSet(columns);
  }

  add(isQuery: boolean, picture: VectorPicture, vector: Float32Array): void {
    (isQuery ? this.#queries : this.#block).add(vector, picture.file);
    (isQuery ? this.#queryNames : this.#names).push(picture);
    if (this.#block.count === BLOCK) this.#lookAtBlock();
  }

  /** All queries are there. */
  #lookAtBlock(): void {
    const { top, min } = this.#request;
    // One more, as a query may be among those that are searched.
    this.#nearest ??= this.#search.nearestOfEach(this.#queries, top + 1, min);
    this.#nearest.lookAt(this.#block);
    this.#block = new VectorSet(this.#columns);
  }

  *rows(): Generator<SimilarRow> {
    this.#lookAtBlock();
    for (const [at, query] of this.#queryNames.entries()) {
      const own = fileIdentity(query);
      const similar = this.#nearest!.found[at]!.map(
        ({ index, similarity }): SimilarPicture => ({ ...nameOf(this.#names[index]!), similarity }),
      );
      yield {
        ...nameOf(query),
        similar: similar.filter((found) => fileIdentity(found) !== own).slice(0, this.#request.top),
      };
    }
  }
}
