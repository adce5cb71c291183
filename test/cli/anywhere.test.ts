import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program, root } from './run.js';

/** No account of this machine. */
const UNKNOWN_ID = 54_321;
const photo = join(root, 'test/photos/alps.jpg');
// Only root may become somebody else.
const canBeAnyone = process.platform === 'linux' && process.getuid?.() === 0;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-anywhere-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As in a container that was started with a user id alone: no account, no HOME, an environment without anything. */
function asNobodyKnown(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [program, ...args], {
    ...{ cwd: folder, env, uid: UNKNOWN_ID, gid: UNKNOWN_ID, encoding: 'utf8' },
  });
  return { stdout, stderr, code: status };
}

/** That user must be able to read the project and run Node.js, as in an image. */
const isReadable =
  canBeAnyone && spawnSync(process.execPath, [program, '--version'], { uid: UNKNOWN_ID, env: {} }).status === 0;

describe.skipIf(!isReadable)('a user without an account or a home folder', () => {
  it.each([{}, { HOME: '' }, { HOME: '/nonexistent' }, { HOME: 'relative' }])('classifies, with %o', (env) => {
    for (const dtype of ['f32', 'int8']) {
      const { stdout, stderr, code } = asNobodyKnown(['classify', photo, '--dtype', dtype, '--format', 'paths'], env);
      expect({ stdout, stderr, code }).toEqual({ stdout: `${photo}\n`, stderr: '', code: 0 });
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  it('classifies batches, embeds and lists models', () => {
    expect(asNobodyKnown(['classify', join(root, 'test/photos'), '--timeout', '60', '--jobs', '2']).code).toBe(0);
    expect(asNobodyKnown(['embed', photo]).code).toBe(0);
    expect(asNobodyKnown(['models', '--json']).code).toBe(0);
    expect(asNobodyKnown(['classify', photo, '--model', 'flowers'])).toMatchObject({ code: 4, stdout: '' });
  });

  it('is told what to set where a model is to be installed', () => {
    const { stderr, code } = asNobodyKnown(['pull', 'mobilenet_v1_0.75_192_hf']);
    expect({ stderr, code }).toEqual({
      stderr: 'mobilenet: this user has no home folder; set MOBILENET_HOME to a folder that you can write to\n',
      code: 4,
    });
  });
});

describe('a folder for temporary files that is not there', () => {
  it('is not needed', () => {
    const env = { ...process.env, TMPDIR: '/nonexistent', TMP: '/nonexistent', TEMP: '/nonexistent' };
    const args = [program, 'classify', join(root, 'test/photos'), '--jobs', '2', '--timeout', '60', '--quiet'];
    expect(spawnSync(process.execPath, args, { env }).status).toBe(0);
  });
});
