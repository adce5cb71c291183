// Reads vitest's JSON report and ends with two lines: what was skipped, and "N passed, N failed, N skipped".
import { readFileSync } from 'node:fs';

const report = JSON.parse(readFileSync(new URL('../build/test-report.json', import.meta.url), 'utf8'));
const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
const count = (...statuses) => tests.filter(({ status }) => statuses.includes(status)).length;
const skipped = tests.filter(({ status }) => ['skipped', 'pending', 'todo', 'disabled'].includes(status));
// A file that does not even load counts as one failed test.
const brokenFiles = report.testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
).length;
const failed = count('failed') + brokenFiles;

console.log(`Skipped: ${skipped.length === 0 ? 'nothing' : skipped.map(({ fullName }) => fullName).join('; ')}`);
console.log(`${count('passed')} passed, ${failed} failed, ${skipped.length} skipped`);
process.exitCode = failed > 0 || count('passed') === 0 ? 1 : 0;
