import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { importCycles } from '../scripts/sources/cycles.js';
import { readSources } from '../scripts/sources/source-file.js';
import { builtFiles, computedImports, exceptions, knownCycles, layers } from './architecture/layers.js';
import { findViolations } from './architecture/violations.js';

const root = fileURLToPath(new URL('../src/', import.meta.url));

describe('the sources', () => {
  it('keep to the table of layers', () => {
    expect(findViolations(root)).toEqual([]);
  });

  it('need each exception in it', () => {
    const files = new Map(readSources(root).map((file) => [file.path, file]));
    const unused = [...exceptions, ...builtFiles].filter(
      ({ file, imports }) => !files.get(file)?.imports.includes(imports),
    );
    expect(unused).toEqual([]);
    const gone = computedImports.filter(({ file, code }) => !files.get(file)?.computedImports.includes(code));
    expect(gone).toEqual([]);
    const cycles = importCycles([...files.values()]);
    const broken = knownCycles.filter((known) => !cycles.some((cycle) => cycle.every((path) => known.includes(path))));
    expect(broken).toEqual([]);
  });
});

describe('the table of layers', () => {
  const top = (folder: string) => folder.replace(/\/.*/, '');
  const level = (folder: string) => layers.findIndex((layer) => top(layer.folder) === top(folder));

  it('goes one way: from top to bottom', () => {
    for (const { folder, imports } of layers) {
      for (const target of imports) expect(level(target), `${folder} → ${target}`).toBeGreaterThan(level(folder));
    }
  });

  it('has a row for each folder, and no others', () => {
    const folders = new Set(readSources(root).map(({ path }) => top(path)));
    expect(new Set(layers.map(({ folder }) => top(folder)))).toEqual(folders);
  });
});

describe('planted in a copy, is caught:', () => {
  let copy: string;
  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'mobilenet-architecture-'));
    cpSync(root, copy, { recursive: true });
  });
  afterEach(() => rmSync(copy, { recursive: true }));

  const append = (file: string, code: string) =>
    writeFileSync(join(copy, file), `${readFileSync(join(copy, file), 'utf8')}\n${code}\n`);

  it.each<[string, string, string, string]>([
    [
      'a type from a folder that is no layer below',
      'networks/types.ts',
      `export type { SharpFactory } from '../images/sharp.js';`,
      'networks/types.ts: imports images/sharp.ts, which networks may not',
    ],
    [
      'a type written as import()',
      'networks/types.ts',
      `export type Sharp = import('../images/sharp.js').SharpFactory;`,
      'networks/types.ts: imports images/sharp.ts, which networks may not',
    ],
    [
      'a cycle of files',
      'networks/channels.ts',
      `import './resolve.js';`,
      'import cycle: networks/channels.ts, networks/resolve.ts',
    ],
    [
      'a cycle of types',
      'networks/channels.ts',
      `export type { resolve } from './resolve.js';`,
      'import cycle: networks/channels.ts, networks/resolve.ts',
    ],
    [
      'a module of Node.js',
      'report/units.ts',
      `import { readFileSync } from 'node:fs'; export { readFileSync };`,
      'report/units.ts: imports node:fs, which report may not',
    ],
    [
      'process',
      'report/units.ts',
      'export const columns = process.env.COLUMNS;',
      'report/units.ts: uses process.env, which report may not',
    ],
    [
      'process in pieces',
      'report/units.ts',
      'const { env } = process; export { env };',
      'report/units.ts: uses process, which report may not',
    ],
    [
      'process of globalThis',
      'report/units.ts',
      `export const { env } = globalThis['process'];`,
      'report/units.ts: uses process, which report may not',
    ],
    ['stdout', 'batch/run.ts', `process.stdout.write('');`, 'batch/run.ts: uses process.stdout, which batch may not'],
    ['the end of the process', 'cli/main.ts', 'process.exit(1);', 'cli/main.ts: uses process.exit, which cli may not'],
    ['console', 'models/card.ts', `console.log('');`, 'models/card.ts: uses console.log, which models may not'],
    [
      'WebAssembly',
      'engine/plan.ts',
      'export const module = new WebAssembly.Module(new Uint8Array());',
      'engine/plan.ts: uses WebAssembly.Module, which engine may not',
    ],
    [
      'fetch',
      'net/http.ts',
      `export const answer = fetch('http://localhost');`,
      'net/http.ts: uses fetch, which net may not',
    ],
    ['a package', 'cost/cost.ts', `import 'd3-scale';`, 'cost/cost.ts: imports d3-scale, which cost may not'],
    [
      'a package by createRequire',
      'weights/half.ts',
      `import { createRequire } from 'node:module'; export const sharp = createRequire(import.meta.url)('sharp');`,
      'weights/half.ts: imports sharp, which weights may not',
    ],
    [
      'a package by a function that createRequire made',
      'models/card.ts',
      `import { createRequire } from 'node:module'; const load = createRequire(import.meta.url); export const sharp = load('sharp');`,
      'models/card.ts: imports sharp, which models may not',
    ],
    [
      'a computed import',
      'weights/half.ts',
      `export const load = (name: string) => import(\`../engine/\${name}.js\`);`,
      `weights/half.ts: import(\`../engine/\${name}.js\`): the name of an import is computed`,
    ],
    [
      'a computed require',
      'images/sharp.ts',
      'export const load = (name: string) => require(name);',
      'images/sharp.ts: require(name): the name of an import is computed',
    ],
    [
      'one format in another',
      'weights/formats/onnx/read.ts',
      `export type { openSafetensors } from '../safetensors/safetensors.js';`,
      'weights/formats/onnx/read.ts: imports weights/formats/safetensors/safetensors.ts, which weights may not',
    ],
  ])('%s', (_, file, code, violation) => {
    append(file, code);
    expect(findViolations(copy)).toContain(violation);
  });

  it('a folder that the table does not have', () => {
    cpSync(join(copy, 'errors'), join(copy, 'utils'), { recursive: true });
    expect(findViolations(copy).filter((violation) => violation.includes('no layer'))).not.toEqual([]);
  });

  it('no words in comments, texts and properties', () => {
    const before = findViolations(copy);
    append(
      'report/units.ts',
      `// process.env, require('sharp'), import('node:fs')
       export const text = "process.env import('node:fs')" + \`fetch(\${1})\`;
       export const record = { process: 1, fetch: () => 2 };
       export const sum = record.process + record.fetch();`,
    );
    expect(findViolations(copy)).toEqual(before);
  });
});
