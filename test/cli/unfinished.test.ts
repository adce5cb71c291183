import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mobilenetBeside } from './async-run.js';

/** Folders that are never made: a stand-in for any promise that nobody settles. */
const preload = `import promises from 'node:fs/promises'; import { syncBuiltinESMExports } from 'node:module';
promises.mkdir = () => new Promise(() => {}); syncBuiltinESMExports();`;

describe('a command that waits for what never comes', () => {
  it('says that its work is not done, and exits with 70', async () => {
    const { stdout, stderr, code } = await mobilenetBeside(['pull', 'mobilenet_v1', '--from', 'http://127.0.0.1:9/x'], {
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(preload)}`,
      MOBILENET_HOME: join(tmpdir(), 'mobilenet-never-written'),
    });
    expect(stderr).toMatch(/mobilenet: internal error: the command ended before its work was done/);
    expect([stdout, code]).toEqual(['', 70]);
  });
});
