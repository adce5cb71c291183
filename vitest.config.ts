import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** What commands under test keep; nothing of the user's own. */
const home = fileURLToPath(new URL('build/test-home', import.meta.url));
rmSync(home, { recursive: true, force: true });

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    env: { MOBILENET_HOME: home },
    reporters: ['default', 'json'],
    outputFile: { json: 'build/test-report.json' },
  },
});
