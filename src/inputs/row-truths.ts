import { UsageError } from '../errors/errors.js';
import { printable, quoted } from '../errors/printable.js';
import { className, classOfName, type TruthSource } from './truth.js';
import { readTruthTable, type TruthRow } from './truth-table.js';

/** The classes of pictures of which there are rows alone. */
export interface RowTruths {
  /** By the bytes of the name; undefined where nothing says it. Throws UsageError where two rows would have one truth. */
  of(name: Buffer): string | undefined;
  /** Truths that no row has asked for. */
  unused(): number;
}

/**
 * @param folders those that class folders are in; without any, the class is the name of the folder that a picture lies in
 * @throws UsageError for a table that cannot be read or has two classes for one file
 */
export async function openRowTruths(source: TruthSource, folders: readonly string[]): Promise<RowTruths> {
  if (typeof source === 'object') return truthsOfTable(source.table);
  const of =
    source === 'name'
      ? (name: Buffer) => classOfName(name.toString('utf8'))
      : (name: Buffer) => classOfFolder(name, folders);
  return { of, unused: () => 0 };
}

function classOfFolder(name: Buffer, folders: readonly string[]): string | undefined {
  const path = keyOf(name);
  if (folders.length === 0) return nameOfPart(path.split('/').at(-2));
  for (const folder of folders) {
    const start = `${keyOf(Buffer.from(folder)).replace(/\/+$/, '')}/`;
    const parts = path.slice(start.length).split('/');
    if (start === './' && parts.length > 1) return nameOfPart(path.split('/')[0]);
    if (path.startsWith(start) && parts.length > 1) return nameOfPart(parts[0]);
  }
  return undefined;
}

function nameOfPart(part: string | undefined): string | undefined {
  return part === undefined || part === '' ? undefined : className(Buffer.from(part, 'latin1'));
}

/** A character for each byte; `./a` is `a`. */
function keyOf(name: Buffer): string {
  const text = name.toString('latin1');
  return (process.platform === 'win32' ? text.replaceAll('\\', '/') : text).replace(/^(\.\/+)+(?=.)/, '');
}

/** A row and a line of the table are about one file where one name ends with the other: they may start from other folders. */
async function truthsOfTable(table: string): Promise<RowTruths> {
  const rows = new Map<string, TruthRow>();
  for (const row of await readTruthTable(table)) {
    const key = keyOf(row.file);
    const before = rows.get(key);
    if (before && before.truth !== row.truth) {
      throw new UsageError({
        where: row.where,
        problem: `the file is ${quoted(row.truth)} here and ${quoted(before.truth)} in ${before.where}`,
        expected: 'one class for each file',
      });
    }
    rows.set(key, row);
  }
  const longer = new LongerNames(rows);
  const used = new Map<string, string>();
  return {
    of(name) {
      const path = keyOf(name);
      const key = suffixes(path).find((each) => rows.has(each)) ?? longer.find(path);
      if (key === undefined) return undefined;
      const before = used.get(key);
      if (before !== undefined && before !== path) {
        throw new UsageError({
          where: rows.get(key)!.where,
          problem: `fits two rows, ${readable(before)} and ${readable(path)}`,
          expected: 'names with enough of their folders to tell them apart',
        });
      }
      used.set(key, path);
      return rows.get(key)!.truth;
    },
    unused: () => rows.size - used.size,
  };
}

function readable(key: string): string {
  return printable(Buffer.from(key, 'latin1').toString('utf8'));
}

/** `a/b/c`, `b/c`, `c` */
function suffixes(path: string): readonly string[] {
  const starts = [0];
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) starts.push(at + 1);
  return starts.map((start) => path.slice(start));
}

/** Names of the table that end with a row's name. */
class LongerNames {
  readonly #names: ReadonlyMap<string, unknown>;
  #byBase: Map<string, string[]> | undefined;

  constructor(names: ReadonlyMap<string, unknown>) {
    this.#names = names;
  }

  /** The only one; undefined where there are several or none. */
  find(path: string): string | undefined {
    this.#byBase ??= this.#group();
    const found = (this.#byBase.get(baseOf(path)) ?? []).filter((name) => name.endsWith(`/${path}`));
    return found.length === 1 ? found[0] : undefined;
  }

  #group(): Map<string, string[]> {
    const groups = new Map<string, string[]>();
    for (const name of this.#names.keys()) {
      const base = baseOf(name);
      const group = groups.get(base);
      if (group) group.push(name);
      else groups.set(base, [name]);
    }
    return groups;
  }
}

function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
