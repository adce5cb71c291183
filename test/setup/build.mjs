import { build } from '../../scripts/build-parts.mjs';

/**
 * Threads, child processes, the command and the kernels run from `dist/` and `build/`: tests run what the sources say, so
 * what has changed is built before the first test and before each further run of `vitest --watch`.
 * @param {import('vitest/node').TestProject} project
 */
export default async function setup(project) {
  await buildOrRefuse();
  project.onTestsRerun(buildOrRefuse);
}

async function buildOrRefuse() {
  try {
    // `npm run types` is there for the types; half-way through a change tests can run already.
    const parts = await build({ withTypeErrors: true });
    if (parts.length > 0) console.log(`built: ${parts.join(', ')}`);
  } catch (error) {
    throw new Error(`The tests run what is built, and the build failed.\n${error.message}`);
  }
}
