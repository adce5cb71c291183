import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readDeclarations } from './read-declarations.js';
import { renderPage } from './render-page.js';

/** The API page by what is built in dist/ and by the examples. */
export function apiPage(root: string): string {
  const folder = join(root, 'examples');
  const examples = readdirSync(folder)
    .filter((file) => file.endsWith('.mjs'))
    .sort()
    .map((file) => ({ file, purpose: firstComment(readFileSync(join(folder, file), 'utf8')) }));
  return renderPage(readDeclarations(join(root, 'dist/index.d.ts')), examples);
}

/** Up to the first empty line. */
function firstComment(source: string): string {
  const lines = source.split('\n');
  const end = lines.findIndex((line) => !/^\/\/ ./.test(line));
  return lines
    .slice(0, end)
    .map((line) => line.slice(3))
    .join(' ');
}
