// Installs the packed tarball in empty folders, as users do, with each package manager that is on PATH, and classifies a
// photo there. Needs a package registry for sharp, so it is no test. Exits with 1 where one of them fails.
//
//     npm pack && node scripts/try-installs.mjs mobilenet-0.1.0.tgz
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const managers = [
  { name: 'npm', add: ['install'] },
  { name: 'pnpm', add: ['add'] },
  { name: 'yarn', add: ['add'] },
  { name: 'bun', add: ['add'] },
];
const photo = fileURLToPath(new URL('../test/photos/alps.jpg', import.meta.url));
const [tarball] = process.argv.slice(2);
if (!tarball) {
  console.error('usage: node scripts/try-installs.mjs TARBALL');
  process.exit(2);
}

const run = (program, args, cwd) =>
  spawnSync(program, args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' });

function tryInstall({ name, add }) {
  const version = run(name, ['--version'], tmpdir());
  if (version.status !== 0) return `${name}: not on PATH, not tried`;
  const folder = mkdtempSync(join(tmpdir(), 'mobilenet-install-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{ "name": "try", "version": "1.0.0", "private": true }');
    const installed = run(name, [...add, resolve(tarball)], folder);
    const shown = `${name} ${version.stdout.trim()}`;
    if (installed.status !== 0) throw new Error(`${shown}: ${installed.stderr || installed.stdout}`);
    const found = run(join(folder, 'node_modules/.bin/mobilenet'), ['classify', photo], folder);
    const [, first] = found.stdout.split('\n');
    if (found.status !== 0 || !first?.includes('alp')) throw new Error(`${shown}: ${found.stderr || found.stdout}`);
    return `${shown}: installs, and says ${first.trim().replace(/ +/g, ' ')}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const manager of managers) {
  try {
    console.log(tryInstall(manager));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
