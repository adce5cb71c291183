/**
 * npm run modules [-- CHECKOUT…]: the modules of src/, the dependencies between them, import cycles and lines, for this
 * checkout or for others, to compare them. A module is a folder of src/ or a loose file in it; all imports count, types too.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importCycles } from './sources/cycles.js';
import { readSources, type SourceFile } from './sources/source-file.js';

const root = fileURLToPath(new URL('..', import.meta.url));

function report(checkout: string): string {
  const files = readSources(join(checkout, 'src'));
  const modules = new Set(files.map(({ path }) => moduleOf(path)));
  const dependencies = dependenciesOf(files);
  const lines = files.map(({ path }) => readFileSync(join(checkout, 'src', path), 'utf8').split('\n').length - 1);
  const cycles = importCycles(files);
  const pairs = [...dependencies].map(([module, others]) => `  ${module} → ${[...others].toSorted().join(', ')}`);
  return [
    checkout,
    `${modules.size} modules`,
    `${[...dependencies.values()].reduce((sum, others) => sum + others.size, 0)} dependencies between them`,
    ...pairs,
    `${cycles.length} import cycles between files`,
    ...cycles.map((cycle) => `  ${cycle.join(', ')}`),
    `${lines.reduce((sum, count) => sum + count, 0)} lines in ${files.length} files`,
  ].join('\n');
}

function dependenciesOf(files: readonly SourceFile[]): Map<string, Set<string>> {
  const sources = new Set(files.map(({ path }) => path));
  const found = new Map<string, Set<string>>();
  for (const { path, imports } of files) {
    const own = moduleOf(path);
    const others = found.get(own) ?? new Set();
    for (const target of imports) if (sources.has(target) && moduleOf(target) !== own) others.add(moduleOf(target));
    found.set(own, others);
  }
  return found;
}

function moduleOf(path: string): string {
  return path.replace(/\/.*/, '');
}

const checkouts = process.argv.slice(2);
console.log((checkouts.length > 0 ? checkouts.map((checkout) => resolve(checkout)) : [root]).map(report).join('\n\n'));
