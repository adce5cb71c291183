import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const dockerfile = fileURLToPath(new URL('../../Dockerfile', import.meta.url));
const hasHadolint = spawnSync('hadolint', ['--version'], { stdio: 'ignore' }).status === 0;

it.skipIf(!hasHadolint)('hadolint has nothing to say about the Dockerfile', () => {
  const { status, stdout } = spawnSync('hadolint', [dockerfile], { encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});
