/**
 * Where the class of each picture is told: `folder`, by the folder below the argument that it lies in, at any depth;
 * `name`, by its own name; or by a table of files and classes.
 */
export type TruthSource = 'folder' | 'name' | { readonly table: string };

/**
 * A class's name by its bytes. Composed characters: one name is written in two ways on different systems. Bytes that are
 * not UTF-8 are taken for Latin-1, so that different names stay different.
 */
export function className(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return (Buffer.from(text).equals(bytes) ? text : bytes.toString('latin1')).normalize('NFC').trim();
}

/** Of a picture whose name tells it: a synset id in front, as in `n01440764_tench.jpg`, or all before a number at the end. */
export function classOfName(file: string): string {
  const base = file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);
  const [id] = /^n\d{8}(?!\d)/.exec(base) ?? [];
  return (
    id ??
    base
      .replace(/\.[^.]*$/, '')
      .replace(/[\s_.(-]*\d+\)?$/, '')
      .normalize('NFC')
  );
}
