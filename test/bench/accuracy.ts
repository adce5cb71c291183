/**
 * npm run accuracy -- FOLDER [--odd] [OPTIONS of mobilenet evaluate]
 * `mobilenet evaluate` over a folder of pictures whose names begin with their synset id (n01440764_tench.JPEG); with --odd
 * only the 2nd, 4th, … of the list by name: those that the calibration of int8 has not seen.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const [folder, ...rest] = process.argv.slice(2);
if (folder === undefined) throw new Error('expected a folder: npm run accuracy -- FOLDER [--odd] [--model M] [--json]');
const options = rest.filter((option) => option !== '--odd');
const isOdd = options.length < rest.length;

const pictures = readdirSync(folder)
  .filter((name) => /^n\d{8}/.test(name))
  .sort()
  .filter((_, index) => !isOdd || index % 2 === 1);
if (pictures.length === 0) throw new Error(`${folder}: no picture whose name begins with a synset id`);

const temporary = mkdtempSync(join(tmpdir(), 'mobilenet-accuracy-'));
const table = join(temporary, 'truth.csv');
const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;
writeFileSync(table, pictures.map((name) => `${cell(resolve(folder, name))},${name.slice(0, 9)}\n`).join(''));
try {
  const program = fileURLToPath(new URL('../../bin/mobilenet.js', import.meta.url));
  const args = [program, 'evaluate', '--truth', table, ...options];
  process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
} finally {
  rmSync(temporary, { recursive: true });
}
