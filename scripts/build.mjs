/** npm run build [-- --all]: builds what has changed since the last build, or everything. */
import { parseArgs } from 'node:util';
import { build } from './build-parts.mjs';

const { values } = parseArgs({ options: { all: { type: 'boolean', default: false } } });
try {
  await build(values);
} catch (error) {
  console.error(`build: ${error.message}`);
  process.exitCode = 1;
}
