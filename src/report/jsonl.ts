import type { ImageRecord, ModelFacts } from '../domain/classification.js';
import { jsonLine } from './json.js';

/** The row of one image in JSON lines: its record and the model; `batch/read-rows.ts` reads it back. */
export function jsonlRow(record: ImageRecord, model: ModelFacts | undefined): string {
  return jsonLine({ ...record, model });
}
