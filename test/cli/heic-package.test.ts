import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const picture = join(root, 'test/golden/heic/upright.heic');
const folder = mkdtempSync(join(tmpdir(), 'mobilenet-no-heic-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The package with what it needs, but without what only HEIC needs. */
function installWithoutPeer(): string {
  for (const name of ['bin', 'dist', 'package.json']) cpSync(join(root, name), join(folder, name), { recursive: true });
  for (const name of ['build', 'models']) symlinkSync(join(root, name), join(folder, name));
  mkdirSync(join(folder, 'node_modules'));
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (['heic-decode', 'libheif-js'].includes(name)) continue;
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  }
  return join(folder, 'bin/mobilenet.js');
}

function classify(command: string, args: readonly string[], input?: Buffer) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [command, 'classify', ...args, '--format', 'csv'], {
    encoding: 'utf8',
    ...(input && { input }),
  });
  return { stdout, stderr, status };
}

describe('HEIC in the command', () => {
  const command = join(root, 'bin/mobilenet.js');

  it.each([
    ['one', [picture]],
    ['lanes', [picture, picture, picture, '--jobs', '2']],
    ['decode processes', [picture, picture, '--timeout', '30']],
  ])('%s', (_, args) => {
    const { stdout, stderr, status } = classify(command, [...args, '--top', '1']);
    expect({ stderr: stderr.includes('HEIC'), status }).toEqual({ stderr: false, status: 0 });
    expect(stdout.trim().split('\n').length).toBeGreaterThan(1);
  });

  it('stdin', () => {
    const { stdout, status } = classify(command, ['-', '--top', '1'], readFileSync(picture));
    expect({ lines: stdout.trim().split('\n').length, status }).toEqual({ lines: 2, status: 0 });
  });

  it('without the package, one line that says how to install it', () => {
    const { stderr, status } = classify(installWithoutPeer(), [picture]);
    expect(status).toBe(3);
    expect(stderr).toBe(
      `mobilenet: ${picture}: HEIC needs the package heic-decode, which is not installed; install it where mobilenet is installed: npm install heic-decode (with -g if mobilenet was installed with -g)\n`,
    );
  });
});
