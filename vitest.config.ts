import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** What commands under test keep; nothing of the user's own. */
const home = fileURLToPath(new URL('build/test-home', import.meta.url));
rmSync(home, { recursive: true, force: true });

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/setup/build.mjs',
    testTimeout: 120_000,
    hookTimeout: 120_000,
    env: {
      MOBILENET_HOME: home,
      // Compiled code lies in the folder for caches, whose place only Linux leaves to the environment.
      XDG_CACHE_HOME: home,
      ...(process.platform !== 'linux' && { NODE_DISABLE_COMPILE_CACHE: '1' }),
    },
    reporters: ['default', 'json'],
    outputFile: { json: 'build/test-report.json' },
  },
});
