import type { ModelFacts, RowRecord } from '../domain/classification.js';
import { jsonLine } from './json.js';

/** The row of one image in JSON lines: its record and the model; `batch/read-rows.ts` reads it back. */
export function jsonlRow(record: RowRecord, model: ModelFacts | undefined): string {
  return jsonLine({ ...record, model });
}
