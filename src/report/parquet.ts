import type { SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { ModelFacts } from '../domain/classification.js';
import { type Answer, answersOf } from './answers.js';
import type { Entry, Format } from './format-types.js';
import { pictureNotes } from './picture-notes.js';

/** Rows that are kept until they are written together. */
const GROUP_ROWS = 8192;

const TEXT = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;
const OPTIONAL = { repetition_type: 'OPTIONAL' } as const;

type Leaf = Pick<SchemaElement, 'type' | 'converted_type'>;

interface Column {
  readonly name: string;
  readonly schema: readonly SchemaElement[];
  value(entry: Entry, answers: readonly Answer[]): unknown;
}

/** The best prediction's own columns, all of them in lists, and what there is to say beside. */
const COLUMNS: readonly Column[] = [
  {
    name: 'file',
    schema: [{ name: 'file', ...TEXT, repetition_type: 'REQUIRED' }],
    value: ({ record }) => record.file,
  },
  // Only of names that are not UTF-8.
  single('file_bytes', { type: 'BYTE_ARRAY' }, ({ record, name }) => (record.fileBase64 === undefined ? null : name)),
  single('key', TEXT, ({ record }) => record.key),
  single('label', TEXT, (_, [best]) => best?.label),
  single('id', TEXT, (_, [best]) => best?.id),
  single('index', { type: 'INT32' }, (_, [best]) => best?.index),
  single('probability', { type: 'DOUBLE' }, (_, [best]) => best?.probability),
  list('labels', TEXT, ({ label }) => label),
  list('ids', TEXT, ({ id }) => id),
  list('indices', { type: 'INT32' }, ({ index }) => index),
  list('probabilities', { type: 'DOUBLE' }, ({ probability }) => probability),
  list('ranks', { type: 'INT32' }, ({ rank }) => rank),
  single('error', TEXT, ({ record }) => ('error' in record ? record.error.code : null)),
  single('message', TEXT, ({ record }) => ('error' in record ? record.error.message : null)),
  single('note', TEXT, ({ record }) => ('error' in record ? null : pictureNotes(record) || null)),
  single('fields', { type: 'BYTE_ARRAY', converted_type: 'JSON' }, ({ record }) => record.fields),
];

function single(name: string, leaf: Leaf, value: Column['value']): Column {
  return { name, schema: [{ name, ...leaf, ...OPTIONAL }], value: (...args) => value(...args) ?? null };
}

/** As the format's standard has lists. Of an image that failed there is none. */
function list(name: string, leaf: Leaf, value: (answer: Answer) => unknown): Column {
  return {
    name,
    schema: [
      { name, num_children: 1, converted_type: 'LIST', ...OPTIONAL },
      { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
      { name: 'element', ...leaf, ...OPTIONAL },
    ],
    value: ({ record }, answers) => ('error' in record ? null : answers.map((answer) => value(answer) ?? null)),
  };
}

/** A Parquet file, one row for each image, with the model in its metadata. */
export function parquetFormat(model: ModelFacts | undefined): Format {
  const writer = new ByteWriter();
  const parquet = new ParquetWriter({
    writer,
    schema: [{ name: 'root', num_children: COLUMNS.length }, ...COLUMNS.flatMap(({ schema }) => schema)],
    ...(model && { kvMetadata: [{ key: 'mobilenet.model', value: JSON.stringify(model) }] }),
  });
  let rows: unknown[][] = [];
  /** What has been written since. The offsets in the file go on. */
  const take = (): Uint8Array => {
    const bytes = new Uint8Array(writer.getBytes());
    writer.index = 0;
    return bytes;
  };
  const writeGroup = () => {
    const columnData = COLUMNS.map(({ name }, at) => ({ name, data: rows.map((row) => row[at]) }));
    if (rows.length > 0) void parquet.write({ columnData, rowGroupSize: rows.length });
    rows = [];
  };
  return {
    begin: take,
    entry(entry) {
      const { record, ranks } = entry;
      const answers = 'error' in record ? [] : answersOf(record, ranks);
      rows.push(COLUMNS.map((column) => column.value(entry, answers)));
      if (rows.length === GROUP_ROWS) writeGroup();
      return take();
    },
    end() {
      writeGroup();
      void parquet.finish();
      return take();
    },
  };
}
