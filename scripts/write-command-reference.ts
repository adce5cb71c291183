/** npm run docs:man: writes man/mobilenet.1 and docs/commands.md from the tables of options. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadProgram } from '../src/cli/program.js';
import { manPage } from '../src/cli/reference/man-page.js';
import { markdownPage } from '../src/cli/reference/markdown-page.js';
import { readReference } from '../src/cli/reference/read-reference.js';

const root = new URL('../', import.meta.url);
const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
const reference = await readReference(await loadProgram());
mkdirSync(fileURLToPath(new URL('man', root)), { recursive: true });
writeFileSync(new URL('man/mobilenet.1', root), manPage(reference, version));
writeFileSync(new URL('docs/commands.md', root), markdownPage(reference));
