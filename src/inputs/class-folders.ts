import { inputOf, nameBytes } from './name.js';
import { className } from './truth.js';
import type { Input } from './types.js';
import { type FailedInput, leadsToFolder, list, unlisted, type WalkOptions, walk } from './walk.js';

/** A folder that is named like the class of the pictures in it. */
export interface ClassFolder {
  /** The class. */
  readonly name: string;
  readonly folder: Input;
}

/**
 * The folders directly in one, in natural order, the empty ones too, and links to folders: here they cannot go in circles.
 * Names that begin with a dot are left out unless `hidden`. Rejects as `readdir` does.
 */
export async function listClassFolders(
  folder: Input,
  { hidden = false, enters = () => true }: WalkOptions = {},
): Promise<readonly ClassFolder[]> {
  const found: ClassFolder[] = [];
  for (const { name, input, isFolder, isLink } of await list(folder)) {
    if ((!hidden && name.startsWith('.')) || !enters(name)) continue;
    if (isFolder || (isLink && (await leadsToFolder(input)))) {
      found.push({ name: className(ownName(input)), folder: input });
    }
  }
  return found;
}

/** As `walk`; what is in a class's folder, at any depth, has its name as `truth`, and what lies beside these folders has none. */
export async function* walkClassFolders(
  folder: Input,
  { recursive = true, hidden = false, accepts = () => true, enters = () => true }: WalkOptions = {},
): AsyncGenerator<Input> {
  let classes: readonly ClassFolder[];
  try {
    classes = await listClassFolders(folder, { hidden, enters });
  } catch (error) {
    yield unlisted(folder, error) satisfies FailedInput;
    return;
  }
  for (const { name, folder: inside } of classes) {
    const below = `${ownName(inside).toString('utf8')}/`;
    const found = walk(inside, {
      ...{ recursive, hidden },
      accepts: (file) => accepts(below + file),
      enters: (file) => enters(below + file),
    });
    for await (const input of found) yield { ...input, truth: name };
  }
  yield* walk(folder, { recursive: false, hidden, accepts });
}

/** The last part of a path. */
function ownName(input: Input): Buffer {
  const path = nameBytes(input);
  const { file } = inputOf(path);
  const slash = Math.max(
    path.lastIndexOf(0x2f),
    file.includes('\\') && process.platform === 'win32' ? path.lastIndexOf(0x5c) : -1,
  );
  return path.subarray(slash + 1);
}
