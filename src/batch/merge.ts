import { UsageError } from '../errors.js';
import { printable } from '../printable.js';
import type { ImageRecord, ModelFacts } from '../report/records.js';
import { readRows } from './read-rows.js';

/** A row of a part, checked. */
export interface MergedRow {
  readonly record: ImageRecord;
  readonly model: ModelFacts;
  /** The bytes of the name. */
  readonly name: Buffer;
  /** As it stands in the part, without its line feed. */
  readonly text: string;
}

/**
 * The rows of several files, one after the other; of rows for the same name the first. A last line without its end, which a
 * process that was killed leaves, is passed to `onTorn`.
 * Throws UsageError for a file that cannot be read, rows that are none, or rows of two models.
 */
export async function* mergeParts(parts: readonly string[], onTorn: (part: string) => void): AsyncGenerator<MergedRow> {
  const seen = new Set<string>();
  let model: string | undefined;
  for (const part of parts) {
    let line = 0;
    for await (const { text, isWhole } of readRows(part)) {
      line++;
      if (!isWhole) {
        onTorn(part);
        continue;
      }
      const where = `${printable(part)}:${line}`;
      const row = parseRow(text, where);
      const own = JSON.stringify(row.model);
      model ??= own;
      if (own !== model) throw new UsageError(`${where}: another model's, expected parts of one run: ${model}`);
      const key = row.name.toString('latin1');
      if (seen.has(key)) continue;
      seen.add(key);
      yield row;
    }
  }
}

function parseRow(text: string, where: string): MergedRow {
  let row: ({ model?: ModelFacts } & Partial<ImageRecord>) | null = null;
  try {
    row = JSON.parse(text);
  } catch {}
  const isResult = row && ('error' in row || Array.isArray((row as { predictions?: unknown }).predictions));
  if (!row || typeof row.file !== 'string' || typeof row.model?.network !== 'string' || !isResult) {
    throw new UsageError(`${where}: no result, expected a row of mobilenet classify --format jsonl`);
  }
  const { model, ...record } = row as { model: ModelFacts } & ImageRecord;
  const name = record.fileBase64 === undefined ? Buffer.from(record.file) : Buffer.from(record.fileBase64, 'base64');
  return { record: record as ImageRecord, model, name, text };
}
