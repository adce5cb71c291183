/** npm run dev: builds, then again after each change, until it is stopped. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const watched = [
  'src',
  'assembly',
  'scripts',
  'tsconfig.json',
  'tsconfig.build.json',
  'asconfig.json',
  'package-lock.json',
];
/** An editor writes several files, or one in several steps. */
const QUIET_MS = 100;

let isBuilding = false;
let hasChanged = false;

/** In a process of its own, so that changes of the build scripts count too. */
async function build() {
  if (isBuilding) {
    hasChanged = true;
    return;
  }
  isBuilding = true;
  do {
    hasChanged = false;
    const start = performance.now();
    const [code] = await once(spawn(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: 'inherit' }), 'exit');
    if (code === 0) console.log(`up to date after ${Math.round(performance.now() - start)} ms`);
  } while (hasChanged);
  isBuilding = false;
}

let timer;
for (const path of watched) {
  watch(join(root, path), { recursive: true }, () => {
    clearTimeout(timer);
    timer = setTimeout(build, QUIET_MS);
  });
}
await build();
