import { copyFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, extname, join } from 'node:path';
import { UsageError } from '../../../src/errors/errors.js';
import { chooseModel } from '../../../src/models/choose.js';
import type { ResolvedNetwork } from '../../../src/networks/types.js';
import { describeForPeers, type OwnFile } from './network-file.js';
import { type OnnxProto, writeOnnx } from './onnx-file.js';
import type { Ranges } from './quantise.js';
import { writeTflite } from './tflite-file.js';
import type { Flatbuffers } from './tflite-writer.js';

/**
 * The seeded network in the forms that the programs read: beside network.json its floats, an ONNX and a TFLite file.
 * With `findRanges`, also both formats in 8 bits, by the ranges that it reads off network-every-map.onnx.
 * @param folder where the peers are installed
 * @returns the network's name
 */
export function writeNetwork(
  network: ResolvedNetwork,
  description: string,
  folder: string,
  findRanges: (() => Ranges) | undefined,
): string {
  const { file, floats } = describeForPeers(network);
  const require = createRequire(join(folder, 'package.json'));
  const proto = require('onnx-proto') as OnnxProto;
  const flatbuffers = require('flatbuffers') as Flatbuffers;
  const write = (ending: string, bytes: string | Uint8Array | Float32Array) =>
    writeFileSync(description.replace(/\.json$/, ending), bytes);
  write('.json', JSON.stringify(file));
  write('.bin', floats);
  write('.onnx', writeOnnx(proto, file, floats));
  write('.tflite', writeTflite(flatbuffers, file, floats));
  if (findRanges) {
    write('-every-map.onnx', writeOnnx(proto, file, floats, { everyMap: true }));
    const ranges = findRanges();
    write('-int8.onnx', writeOnnx(proto, file, floats, { ranges }));
    write('-int8.tflite', writeTflite(flatbuffers, file, floats, ranges));
  }
  return `${network.id} ${network.alpha}/${network.resolution}`;
}

export type FileKind = 'onnx' | 'tflite' | 'quantised tflite';

/** A file in the seeded network's place. */
export async function copyOwnFile(path: string, description: string): Promise<{ subject: string; kind: FileKind }> {
  const format = extname(path);
  if (format !== '.onnx' && format !== '.tflite') throw new Error(`${path}: expected an .onnx or .tflite file`);
  const { network } = await chooseModel({ weights: [path] });
  const stored = format === '.tflite' ? await findStoredOutput(path) : undefined;
  const facts: OwnFile = { path, resolution: network.resolution, ...(stored && { output: stored }) };
  writeFileSync(description, JSON.stringify(facts));
  copyFileSync(path, description.replace(/\.json$/, stored ? `-int8${format}` : format));
  const ofTflite = stored ? 'quantised tflite' : 'tflite';
  return { subject: `${basename(path)} ${network.resolution}`, kind: format === '.onnx' ? 'onnx' : ofTflite };
}

/** How a quantised file stores its output; undefined for a file of floats. */
async function findStoredOutput(path: string): Promise<OwnFile['output']> {
  try {
    const { graph } = (await chooseModel({ weights: [path], exact: true })).exact!;
    const { scale, zeroPoint } = graph.maps[graph.output]!;
    return { scale, zeroPoint };
  } catch (error) {
    // Of floats: there is nothing to be exact about.
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}
