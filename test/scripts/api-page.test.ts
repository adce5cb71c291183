import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { apiPage } from '../../scripts/api-page/api-page.js';
import type { Declaration } from '../../scripts/api-page/read-declarations.js';
import { renderPage } from '../../scripts/api-page/render-page.js';
import * as library from '../../src/index.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

it('docs/api.md is what “npm run docs:api” writes', () => {
  expect(readFileSync(join(root, 'docs/api.md'), 'utf8')).toBe(apiPage(root));
});

it('has a heading for everything that runs, and links that lead somewhere', () => {
  const page = apiPage(root);
  const headings = [...page.matchAll(/^### (\w+)$/gm)].map(([, name]) => name!);
  expect(headings).toEqual(expect.arrayContaining(Object.keys(library)));
  const anchors = new Set(headings.map((name) => name.toLowerCase()));
  const links = [...page.matchAll(/\]\(#(\w+)\)/g)].map(([, anchor]) => anchor!);
  expect(links.length).toBeGreaterThan(20);
  expect(links.filter((anchor) => !anchors.has(anchor))).toEqual([]);
  expect(page).toContain("| `dtype?` | `'f32' \\| 'int8'` |");
});

it('refuses a name without a section', () => {
  const extra: Declaration = { name: 'extra', kind: 'const', comment: '', head: '', members: [], uses: new Set() };
  expect(() => renderPage([extra], [])).toThrow('extra: in no section of the API page');
});
