import { type FileMetaData, parquetSchema, type SchemaElement } from 'hyparquet';
import { ArchiveError, type ArchiveWishes } from './archive-types.js';

type SchemaTree = ReturnType<typeof parquetSchema>;

/** A column of images. */
interface ImageColumn {
  readonly name: string;
  read(value: unknown): { readonly bytes: Uint8Array; readonly path: string | undefined };
}

/** A column of classes. */
interface TruthColumn {
  readonly name: string;
  read(value: unknown): string | undefined;
}

/** What is read of a table. */
export interface TableColumns {
  /** Left out where nobody wants the images. */
  readonly image?: ImageColumn;
  readonly truth?: TruthColumn;
  /** Of the columns that are wanted those that there are. */
  readonly fields: ReadonlySet<string>;
  readonly wanted?: readonly string[] | undefined;
}

/** Where there are several columns of bytes. */
const IMAGE_NAME = /^(image|img|picture|photo|jpe?g|png|webp)s?$/i;
const TRUTH_NAMES = ['label', 'labels', 'cls', 'class'];

/** Throws ArchiveError where no column, or none of several, is told to be the images. */
export function findColumns(metadata: FileMetaData, { fields = [], truth, contents }: ArchiveWishes): TableColumns {
  const { children } = parquetSchema(metadata);
  if (metadata.key_value_metadata?.some(({ key }) => key === 'mobilenet.model')) {
    throw new ArchiveError({ problem: 'has results of mobilenet classify', expected: 'a column of images' });
  }
  const has = (name: string) => children.some(({ element }) => element.name === name);
  const label = truth === 'folder' ? TRUTH_NAMES.find(has) : undefined;
  return {
    ...(contents !== false && { image: imageColumn(children) }),
    ...(label !== undefined && { truth: truthColumn(metadata, label) }),
    fields: new Set(fields.filter(has)),
    ...(fields.length > 0 && { wanted: fields }),
  };
}

function imageColumn(children: readonly SchemaTree[]): ImageColumn {
  const found = children.filter((node) => isBytes(node) || bytesOfStruct(node));
  const [only, ...others] = found;
  const node = others.length === 0 ? only : found.find(({ element }) => IMAGE_NAME.test(element.name));
  if (!node) {
    const names = found.map(({ element }) => element.name).join(', ');
    throw new ArchiveError({
      problem: found.length === 0 ? 'no column of images' : `several columns of bytes (${names})`,
      expected: 'a column "image" of bytes, or of structs with bytes and path',
    });
  }
  const isStruct = node.children.length > 0;
  return {
    name: node.element.name,
    read(value) {
      const { bytes, path } = (isStruct ? (value ?? {}) : { bytes: value }) as { bytes?: unknown; path?: unknown };
      return {
        bytes: bytes instanceof Uint8Array ? bytes : new Uint8Array(0),
        path: typeof path === 'string' && path !== '' ? path : undefined,
      };
    },
  };
}

function bytesOfStruct({ element, children }: SchemaTree): boolean {
  return (
    element.repetition_type !== 'REPEATED' && children.some((child) => child.element.name === 'bytes' && isBytes(child))
  );
}

function isBytes({ element, children }: SchemaTree): boolean {
  return children.length === 0 && element.repetition_type !== 'REPEATED' && isPlainBytes(element);
}

function isPlainBytes({ type, converted_type, logical_type }: SchemaElement): boolean {
  return type === 'BYTE_ARRAY' && converted_type === undefined && logical_type === undefined;
}

/** Numbers stand for the names that Hugging Face's datasets keep beside the columns. */
function truthColumn({ key_value_metadata = [] }: FileMetaData, name: string): TruthColumn {
  const names = classNames(key_value_metadata.find(({ key }) => key === 'huggingface')?.value, name);
  return {
    name,
    read(value) {
      if (value === null || value === undefined || typeof value === 'object') return undefined;
      return names?.[Number(value)] ?? String(value);
    },
  };
}

function classNames(json: string | undefined, column: string): readonly string[] | undefined {
  try {
    const names = JSON.parse(json ?? '')?.info?.features?.[column]?.names;
    return Array.isArray(names) && names.every((name) => typeof name === 'string') ? names : undefined;
  } catch {
    return undefined;
  }
}

/** As JSON has it: no large integers, dates as text, no bytes. */
export function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (ArrayBuffer.isView(value) || value === undefined) return null;
  if (Array.isArray(value)) return value.map(plainValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plainValue(each)]));
}
