// node test/tally.js REPORT…: reads vitest's JSON reports and names what failed, with its first line; ends with two lines:
// what was skipped in all of them, and "N passed, N failed, N skipped". A test that ran under several Node.js versions counts once in each.
import { readFileSync } from 'node:fs';

const firstLine = (text = '') => text.split('\n', 1)[0];
const files = process.argv.slice(2).flatMap((path) => JSON.parse(readFileSync(path, 'utf8')).testResults);
const tests = files.flatMap(({ assertionResults }) => assertionResults);
const withStatus = (...statuses) => tests.filter(({ status }) => statuses.includes(status));

const passed = withStatus('passed');
// A file that does not even load counts as one failed test.
const brokenFiles = files.filter(
  ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
);
const failed = withStatus('failed').length + brokenFiles.length;
const ran = passed.map(({ fullName }) => fullName);
const skipped = withStatus('skipped', 'pending', 'todo', 'disabled').filter(({ fullName }) => {
  // Stands for all tests of a build of the kernels (see kernels/builds.ts), which another Node.js may have run.
  const [build] = fullName.split(/(?<=\.wasm) needs relaxed SIMD$/);
  return build === fullName ? !ran.includes(fullName) : !ran.some((each) => each.startsWith(`${build} `));
});

for (const { name, assertionResults, message } of files) {
  for (const { fullName, failureMessages } of assertionResults.filter(({ status }) => status === 'failed')) {
    console.log(`Failed: ${name}: ${fullName}: ${firstLine(failureMessages[0])}`);
  }
  if (brokenFiles.some((file) => file.name === name)) console.log(`Failed: ${name}: ${firstLine(message)}`);
}
console.log(`Skipped: ${skipped.length === 0 ? 'nothing' : skipped.map(({ fullName }) => fullName).join('; ')}`);
console.log(`${passed.length} passed, ${failed} failed, ${skipped.length} skipped`);
process.exitCode = failed > 0 || passed.length === 0 ? 1 : 0;
