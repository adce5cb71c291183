// Reads vitest's JSON reports (build/test-report*.json) and ends with two lines: what was skipped everywhere, and
// "N passed, N failed, N skipped". A test that ran under several Node.js versions counts once in each.
import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('../build/', import.meta.url);
const names = readdirSync(folder).filter((name) => /^test-report.*\.json$/.test(name));
const files = names.flatMap((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')).testResults);
const tests = files.flatMap(({ assertionResults }) => assertionResults);
const withStatus = (...statuses) => tests.filter(({ status }) => statuses.includes(status));

const passed = withStatus('passed');
// A file that does not even load counts as one failed test.
const brokenFiles = files.filter(
  ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
);
const failed = withStatus('failed').length + brokenFiles.length;
// What one Node.js has skipped another may have run, a whole build of the kernels among it (see kernels/builds.ts).
const ran = passed.map(({ fullName }) => fullName);
const skipped = withStatus('skipped', 'pending', 'todo', 'disabled').filter(({ fullName }) => {
  const name = fullName.replace(/ needs relaxed SIMD$/, '');
  return !ran.some((each) => each.startsWith(name));
});

console.log(`Skipped: ${skipped.length === 0 ? 'nothing' : skipped.map(({ fullName }) => fullName).join('; ')}`);
console.log(`${passed.length} passed, ${failed} failed, ${skipped.length} skipped`);
process.exitCode = failed > 0 || passed.length === 0 ? 1 : 0;
