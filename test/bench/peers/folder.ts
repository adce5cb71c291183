import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('../../../', import.meta.url);

/** The peers' packages at exact versions; sharp is the one this project has. */
export function peerVersions(): Readonly<Record<string, string>> {
  const sharp = JSON.parse(readFileSync(new URL('node_modules/sharp/package.json', root), 'utf8'));
  return {
    '@litertjs/core': '2.5.3',
    '@tensorflow/tfjs-backend-wasm': '4.22.0',
    '@tensorflow/tfjs-core': '4.22.0',
    flatbuffers: '25.9.23',
    'onnx-proto': '8.0.1',
    'onnxruntime-node': '1.30.0',
    'onnxruntime-web': '1.30.0',
    sharp: sharp.version,
  };
}

/**
 * Makes sure that the folder has the peers installed. Install scripts stay off: onnxruntime-node's would download,
 * and the library for the processor is in the package.
 */
export function installPeers(folder: string): void {
  const versions = peerVersions();
  const installed = (name: string): string | undefined => {
    const file = join(folder, 'node_modules', name, 'package.json');
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : undefined;
  };
  if (Object.entries(versions).every(([name, version]) => installed(name) === version)) return;
  const names = Object.entries(versions).map(([name, version]) => `${name}@${version}`);
  console.error(`installing ${names.join(' ')} into ${folder}`);
  mkdirSync(folder, { recursive: true });
  const own = join(folder, 'package.json');
  if (!existsSync(own)) writeFileSync(own, '{ "private": true }\n');
  const { status } = spawnSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...names], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error(`${folder}: npm install ended with ${status}, expected 0`);
}
