/** npm run build [-- --all] [PART…]: builds what has changed since the last build, or everything; PART: kernels, dist. */
import { parseArgs } from 'node:util';
import { build } from './build-parts.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { all: { type: 'boolean', default: false } },
});
try {
  await build({ ...values, ...(positionals.length > 0 && { only: positionals }) });
} catch (error) {
  console.error(`build: ${error.message}`);
  process.exitCode = 1;
}
