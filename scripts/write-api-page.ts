/** npm run docs:api: writes docs/api.md from the types in dist/. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { apiPage } from './api-page/api-page.js';

const root = fileURLToPath(new URL('..', import.meta.url));
writeFileSync(join(root, 'docs/api.md'), apiPage(root));
