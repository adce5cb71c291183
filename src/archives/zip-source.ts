import { ModelError } from '../errors/errors.js';
import { quoted } from '../errors/printable.js';
import type { FileSource } from '../untrusted-data/files-beside.js';
import { ZipArchive } from './zip.js';

/** What macOS and the like add to archives. */
const ADDED = /(^|\/)(__MACOSX\/|\.[^/]*$)/;

/**
 * The files of a zip archive that is held in memory: nothing is unpacked to the disk, so that no name leads anywhere.
 * @param where the archive's file, for messages
 */
export function zipSource(bytes: Uint8Array, where: string): FileSource {
  const archive = new ZipArchive(bytes, where);
  const outside = archive.names.find((name) => /^\/|^[A-Za-z]:|\\|(^|\/)\.\.(\/|$)/.test(name));
  if (outside !== undefined) {
    throw new ModelError('weights-unsafe', { where, problem: `${quoted(outside)} is a name outside of the archive` });
  }
  const names = archive.names.filter((name) => !name.endsWith('/') && !ADDED.test(name));
  return {
    names,
    read(name, maxBytes) {
      const member = name.replace(/^(?:\.\/)+/, '');
      if (names.includes(member)) return archive.read(member, maxBytes);
      throw new ModelError('weights-missing', { where, problem: `its file ${quoted(name)} is missing` });
    },
    where: (name) => `${where}/${name}`,
  };
}

/** The files of one folder of a source, by their names there. */
export function folderWithin(source: FileSource, folder: string): FileSource {
  if (folder === '') return source;
  const prefix = `${folder}/`;
  return {
    names: source.names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length)),
    read: (name, maxBytes) => source.read(prefix + name.replace(/^(?:\.\/)+/, ''), maxBytes),
    where: (name) => source.where(prefix + name),
  };
}
