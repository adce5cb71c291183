import { keepValidRows, knownRow } from '../batch/resume.js';
import { keepValidVectors } from '../batch/resume-vectors.js';
import { checkSpace, parseVectorLine } from '../batch/vector-rows.js';
import type { VectorSpace } from '../domain/vector-space.js';
import { type Embedded, type Embedding, type EmbedRequest, openEmbedding } from './embed-pictures.js';
import type { Tally } from './tally.js';
import { jsonLines, npyFiles, VectorWriter } from './vector-writer.js';
import { type BatchResults, type OutputHost, type OutputRequest, writeBatch } from './write-batch.js';

/** What `mobilenet embed` is asked for. */
export interface EmbedFilesRequest extends EmbedRequest, OutputRequest {
  /** `npy`: a matrix in `output`, and a file of names beside it. */
  readonly format: 'npy' | 'jsonl';
  /** Vectors as the network gives them, not normalised. */
  readonly raw: boolean;
}

export interface EmbedTally extends Tally {
  /** There are inputs, be they of other shards. */
  readonly hasInputs: boolean;
  /** More may have been named than a person looks at one by one. */
  readonly isBatch: boolean;
}

/**
 * Writes the vector of each picture; a broken picture is reported and the others go on.
 * @param host `openOutput` opens the file of names where the format is `npy`
 * @throws UsageError, ModelError as `openEmbedding`; RuntimeError where the runner cannot go on
 */
export async function embedFiles(
  request: EmbedFilesRequest,
  host: OutputHost,
): Promise<EmbedTally | { readonly exitCode: number } | 'output-closed'> {
  const embedding = await openEmbedding(request, host);
  if ('exitCode' in embedding) return embedding;
  const { batch } = embedding;
  try {
    const results = resultsOf(embedding, request, host);
    const tally = await writeBatch(batch, request, host, async () => results);
    return tally === 'output-closed' ? tally : { ...tally, hasInputs: batch.hasInputs(), isBatch: batch.isBatch };
  } finally {
    embedding.close();
  }
}

function resultsOf(
  embedding: Embedding,
  request: EmbedFilesRequest,
  { onProblem }: OutputHost,
): BatchResults<Embedded, Tally> {
  const { format, output, raw, strict: retry, hash, lenient, reportsSkipped } = request;
  const { fullDecode, deterministic } = request.choice;
  const space: VectorSpace = {
    ...embedding.space,
    ...{ normalised: !raw, ...(fullDecode && { fullDecode }), ...(deterministic && { deterministic }) },
  };
  const options = { retry, hash, lenient };
  const writerOptions = { space, reportsSkipped, onProblem };
  if (format === 'jsonl') {
    return {
      keepDone: (changed) =>
        keepValidRows(output!, (text, where) => readVectorLine(text, where, space), { ...options, changed }),
      createWriter: (opened) => new VectorWriter(jsonLines(opened, space), writerOptions),
      run: embedding.embed,
    };
  }
  let kept: number | undefined;
  return {
    async keepDone() {
      const { done, rows } = await keepValidVectors(output!, space, options);
      kept = rows;
      return done;
    },
    createWriter: (names) => new VectorWriter(npyFiles(output!, names, space, kept), writerOptions),
    run: embedding.embed,
  };
}

function readVectorLine(text: string, where: string, space: VectorSpace) {
  const row = parseVectorLine(text, where);
  checkSpace(row.space, space, where);
  return knownRow(row);
}
