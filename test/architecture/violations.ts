import { importCycles } from '../../scripts/sources/cycles.js';
import { readSources, type SourceFile } from '../../scripts/sources/source-file.js';
import { builtFiles, computedImports, exceptions, knownCycles, type Layer, layers, sideBySide } from './layers.js';

/** What the sources below a folder do that the table of layers does not allow, a sentence each. */
export function findViolations(root: string): string[] {
  const files = readSources(root);
  return [...files.flatMap(violationsOf), ...cyclesOf(files)];
}

function cyclesOf(files: readonly SourceFile[]): string[] {
  return importCycles(files)
    .filter((cycle) => !knownCycles.some((known) => cycle.every((path) => known.includes(path))))
    .map((cycle) => `import cycle: ${cycle.join(', ')}`);
}

function violationsOf(file: SourceFile): string[] {
  const layer = layerOf(file.path);
  if (!layer) return [`${file.path}: no layer has this folder, expected a row in test/architecture/layers.ts`];
  const wrongImports = file.imports.filter((target) => !mayImport(file.path, layer, target));
  const wrongComputed = file.computedImports.filter(
    (code) => !computedImports.some((allowed) => allowed.file === file.path && allowed.code === code),
  );
  return [
    ...wrongImports.map((target) => `${file.path}: imports ${target}, which ${layer.folder} may not`),
    ...wrongComputed.map((code) => `${file.path}: ${code}: the name of an import is computed`),
    ...wrongGlobals(file, layer).map((name) => `${file.path}: uses ${name}, which ${layer.folder} may not`),
  ];
}

/** The row of the folder that the path lies deepest in. */
function layerOf(path: string): Layer | undefined {
  return layers.filter(({ folder }) => lies(path, folder)).toSorted((a, b) => b.folder.length - a.folder.length)[0];
}

function lies(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

function mayImport(path: string, layer: Layer, target: string): boolean {
  const isListed = (list: readonly { readonly file: string; readonly imports: string }[]) =>
    list.some(({ file, imports }) => file === path && imports === target);
  if (isListed(exceptions) || isListed(builtFiles)) return true;
  if (target.startsWith('node:')) return (layer.node ?? []).includes(target.slice('node:'.length));
  if (!target.endsWith('.ts')) return (layer.packages ?? []).includes(target);
  if (sideBySide.some((folder) => areSiblings(path, target, folder))) return false;
  return [topFolder(path), ...layer.imports].some((folder) => lies(target, folder));
}

/** Whether they lie in different subfolders of the folder. */
function areSiblings(path: string, target: string, folder: string): boolean {
  if (!lies(path, folder) || !lies(target, folder)) return false;
  const subfolder = (of: string) => /^([^/]+)\//.exec(of.slice(folder.length + 1))?.[1];
  const [own, other] = [subfolder(path), subfolder(target)];
  return own !== undefined && other !== undefined && own !== other;
}

function wrongGlobals({ globals }: SourceFile, layer: Layer): string[] {
  const properties = layer.process ?? [];
  const allowed: readonly string[] = layer.globals ?? [];
  return [...globals].filter((name) => {
    const [object, property] = name.split('.');
    // What is written might not have arrived: the process ends by itself.
    if (name === 'process.exit') return !properties.includes('exit');
    if (object === 'process') return !properties.includes('*') && !properties.includes(property ?? '');
    return (object === 'WebAssembly' || object === 'fetch' || object === 'console') && !allowed.includes(object);
  });
}

function topFolder(path: string): string {
  return path.replace(/\/.*/, '');
}
