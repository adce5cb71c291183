import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../src/', import.meta.url));

/** Which folders of src/ a folder may import from, besides itself and the files every part shares. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  networks: [],
  cost: ['networks'],
  weights: ['networks'],
  engine: ['networks', 'weights'],
  store: ['networks', 'weights'],
  images: [],
  inputs: [],
  report: ['networks', 'cost'],
  // Use cases, directly in src/.
  '': ['networks', 'cost', 'weights', 'engine', 'store', 'images', 'inputs', 'report'],
  // The use case of many pictures: threads, processes, order, going on after an end.
  batch: ['', 'cost', 'weights', 'engine', 'images', 'inputs', 'report'],
  // cli/start.ts keeps compiled code in the store's folder.
  cli: ['', 'networks', 'cost', 'store', 'inputs', 'batch', 'report'],
};
const shared = new Set(['errors.ts', 'printable.ts']);
/** Programs of their own, in processes that are started for them: they have a stdin, an exit code, limits to set. */
const programs = new Set([join('weights', 'hdf5-child.ts')]);

interface Import {
  readonly file: string;
  readonly from: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

function importsOf(path: string): Import[] {
  const text = readFileSync(path, 'utf8');
  const lines = text.matchAll(/(import|export)(\s+type)?\s[^;]*?from\s+'([^']+)'|import\(\s*'([^']+)'\s*\)/g);
  return [...lines].map(([, , type, fixed, dynamic]) => {
    const name = (fixed ?? dynamic)!;
    const target = name.startsWith('.') ? relative(root, resolve(dirname(path), name)).replace(/\.js$/, '.ts') : name;
    return { file: relative(root, path), from: folderOf(relative(root, path)), target, typeOnly: type !== undefined };
  });
}

function folderOf(path: string): string {
  return path.includes(sep) ? path.split(sep)[0]! : '';
}

const files = sourceFiles(root);
const imports = files.flatMap(importsOf);
const isOutside = (target: string) => target.startsWith('..');
const isPackage = (target: string) => !target.endsWith('.ts') && !isOutside(target);

describe('imports run one way', () => {
  it('reads a plausible number of them', () => {
    expect(files.length).toBeGreaterThan(20);
    expect(imports.length).toBeGreaterThan(50);
  });

  it('between folders', () => {
    const wrong = imports.filter(({ from, target }) => {
      if (isPackage(target) || isOutside(target) || shared.has(target)) return false;
      const to = folderOf(target);
      return to !== from && !allowed[from]!.includes(to);
    });
    // A record of preprocessing is data that cards carry; the weights read it as a type only.
    const real = wrong.filter(({ target, typeOnly }) => !(typeOnly && target === join('images', 'types.ts')));
    expect(real).toEqual([]);
  });

  it('sharp is used by images/ alone, commander and ora by cli/ alone', () => {
    const users = (name: string) => new Set(imports.filter(({ target }) => target === name).map(({ from }) => from));
    expect(users('sharp')).toEqual(new Set(['images']));
    expect(users('commander')).toEqual(new Set(['cli']));
    expect(users('ora')).toEqual(new Set(['cli']));
  });

  it('the kernel module is used by engine/kernels.ts alone', () => {
    const users = files.filter((path) => /\bWebAssembly\.\w/.test(readFileSync(path, 'utf8')));
    const found = users.map((path) => relative(root, path)).filter((path) => !programs.has(path));
    expect(found).toEqual([join('engine', 'kernels.ts')]);
  });

  it('only cli/ touches stdout, stderr, argv and the exit code; nothing ends the process', () => {
    const talk = /process\.(stdout|stderr|argv|exitCode|exit)\b|console\./;
    const users = files.filter((path) => talk.test(readFileSync(path, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')));
    const found = users.map((path) => relative(root, path)).filter((path) => !programs.has(path));
    expect(found.filter((path) => folderOf(path) !== 'cli')).toEqual([]);
    for (const path of files) expect(readFileSync(path, 'utf8')).not.toMatch(/process\.exit\(/);
  });
});
