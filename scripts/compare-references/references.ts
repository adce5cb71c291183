import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InputRangeName } from '../../src/domain/input-range.js';

/** A network of another library and the files it was saved as, as test/golden/reference_checkpoints.py writes them. */
export interface CountedNetwork {
  readonly name: string;
  readonly library: string;
  /** The libraries that wrote the files and gave the figures, with their versions. */
  readonly reference: string;
  /** Of the square input in pixels. */
  readonly side: number;
  /** By path in the folder. */
  readonly files: Readonly<Record<string, ReferenceFile>>;
}

export interface ReferenceFile {
  /** Multiply-accumulates of convolutions and dense layers, from the shapes that the library's own layers state. */
  readonly macs: number;
  /** How far the library that the file is for is from the logits in single precision, measured as ours. */
  readonly precision?: number;
}

export interface ReferenceNetwork extends CountedNetwork {
  /** The values that it takes, for files that do not say it. */
  readonly input: InputRangeName;
  readonly pictures: readonly string[];
  /** Before the softmax, a row for each picture, computed in double precision. */
  readonly logits: readonly (readonly number[])[];
}

/** Networks to run and to count; throws where the folder has none. */
export function readReferences(folder: string): {
  readonly networks: readonly ReferenceNetwork[];
  readonly counted: readonly CountedNetwork[];
} {
  const read = (name: string) => {
    const path = join(folder, name);
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : [];
  };
  const networks: readonly ReferenceNetwork[] = [...read('keras.json'), ...read('torch.json')];
  if (networks.length === 0) {
    throw new Error(`${folder}: no networks; write them with test/golden/reference_checkpoints.py`);
  }
  return { networks, counted: read('cost.json') };
}
