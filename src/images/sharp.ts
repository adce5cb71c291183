import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Sharp, SharpOptions } from 'sharp';

export type SharpFactory = ((input: string | Uint8Array, options?: SharpOptions) => Sharp) & {
  cache(enabled: boolean): unknown;
};

/** What scripts/bundle/sharp.mjs writes. */
interface Bundle {
  readonly version: string;
  load(require: NodeJS.Require): SharpFactory;
}

const require = createRequire(import.meta.url);

/**
 * The installed sharp. The published package has the JavaScript of one version of it in a single file, which loads
 * faster; that file runs in the place of the same version and finds the native library as the installed one does.
 * `require`, since sharp's CommonJS build loads in half the time of its ES modules.
 */
export function requireSharp(): SharpFactory {
  const entry = require.resolve('sharp');
  return loadBundle(entry) ?? require('sharp');
}

/** Of the sharp that decodes pictures. */
export function sharpVersion(): string {
  return installedVersion(require.resolve('sharp'));
}

function installedVersion(entry: string): string {
  return require(join(dirname(entry), '../package.json')).version;
}

function loadBundle(entry: string): SharpFactory | undefined {
  // Somebody in this process uses sharp already: there is nothing left to save.
  if (require.cache[entry]) return undefined;
  try {
    const bundle: Bundle = require('./sharp.cjs');
    return installedVersion(entry) === bundle.version ? bundle.load(createRequire(entry)) : undefined;
  } catch {
    // No bundle here, or the native library is not found: sharp itself says what is wrong.
    return undefined;
  }
}
