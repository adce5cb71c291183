import type { ModelFacts, RowRecord } from '../domain/classification.js';
import { UsageError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { SeenNames } from '../inputs/seen-names.js';
import { isSameModel, parseRow, readRows, rowName } from './read-rows.js';

/** A row of a part, checked. */
export interface MergedRow {
  readonly record: RowRecord;
  readonly model: ModelFacts;
  /** The bytes of the name. */
  readonly name: Buffer;
}

/**
 * The rows of several files, one after the other; of rows for the same name the first. A last line without its end, which a
 * process that was killed leaves, is passed to `onTorn`; `onRepeated` is told of each row that is left out for an earlier one.
 * `until` ends it as a file that cannot be read would. Throws UsageError for a file that cannot be read, rows that are none, or rows of two models.
 */
export async function* mergeParts(
  parts: readonly string[],
  { onTorn, onRepeated }: { readonly onTorn: (part: string) => void; readonly onRepeated: () => void },
  until?: AbortSignal,
): AsyncGenerator<MergedRow> {
  const seen = new SeenNames();
  let known: ModelFacts | undefined;
  for (const part of parts) {
    let line = 0;
    for await (const { text, isWhole } of readRows(part, until)) {
      line++;
      if (!isWhole) {
        onTorn(part);
        continue;
      }
      const where = `${printable(part)}:${line}`;
      const row = parseRow(text, where);
      known ??= row.model;
      if (!isSameModel(row.model, known))
        throw new UsageError({
          where,
          problem: 'the result of another model',
          expected: `the model of the first part: ${JSON.stringify(known)}`,
        });
      const name = rowName(row);
      const key = name.toString('latin1');
      if (!(await seen.add(key))) {
        onRepeated();
        continue;
      }
      const { model, ...record } = row;
      yield { record, model, name };
    }
  }
}
