import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { countOnnx } from '../../src/cost/graphs/count-onnx.js';
import { ModelError } from '../../src/errors/errors.js';
import { decode } from '../../src/images/decode.js';
import { folderSource } from '../../src/untrusted-data/files-beside.js';
import { recognise } from '../../src/weights/families/recognise.js';
import { readFrozenGraph } from '../../src/weights/formats/frozen-graph/read.js';
import { type KerasFile, readKerasFile } from '../../src/weights/formats/keras/keras-file.js';
import { importKeras } from '../../src/weights/formats/keras/keras-graph.js';
import { readOnnx } from '../../src/weights/formats/onnx/read.js';
import { readPyTorch } from '../../src/weights/formats/pytorch/read.js';
import { readSafetensors } from '../../src/weights/formats/safetensors/safetensors.js';
import { importTfjsGraph } from '../../src/weights/formats/tfjs/graph-model.js';
import { readTfjs } from '../../src/weights/formats/tfjs/model-folder.js';
import { readTflite } from '../../src/weights/formats/tflite/read.js';
import type { ImportedModel } from '../../src/weights/graph/imported-model.js';
import type { NamedTensors } from '../../src/weights/types.js';
import { makeCr3, makeDng, makeOrf, makeRaf } from '../images/formats/raw-files.js';
import { valuesFor } from '../weights/families/checkpoint.js';
import { makeTfjs } from './tfjs-sample.js';

export type Loaded = ImportedModel | NamedTensors;

/** A good file, and how to read one that is not. */
export interface Sample {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Other bytes that the reader reads: external weights, shards. */
  readonly besideBytes: number;
  readonly read: (bytes: Uint8Array) => Loaded | Promise<Loaded>;
  /** Read in a process of its own, which takes its time. */
  readonly isSlow: boolean;
}

const golden = fileURLToPath(new URL('../golden/', import.meta.url));
const load = (name: string): Uint8Array => new Uint8Array(readFileSync(join(golden, name)));

function sample(name: string, read: Sample['read'], besideBytes = 0, isSlow = false): Sample {
  return { name, bytes: load(name), besideBytes, read, isSlow };
}

/** A layers-model, HDF5: the network that it describes, or its tensors where it describes none. */
function kerasModel({ tensors, description }: KerasFile): Loaded {
  return description === undefined ? tensors : importKeras(description, 'x');
}

/** The tensors, which a family is looked for as well. */
function recognised(tensors: NamedTensors): NamedTensors {
  try {
    recognise(tensors, 'x');
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
  }
  return tensors;
}

/** All formats; `folder` is where models of several files are written. */
function makeSamples(folder: string): Sample[] {
  const onnxFolder = join(golden, 'onnx-tiny');
  const names = [
    'composed',
    'qdq',
    'qlinear',
    'relu6-dynamo',
    'relu6-torchscript',
    'swish-dynamo',
    'swish-torchscript',
  ];
  const onnx = names.map((name) =>
    sample(
      `onnx-tiny/${name}.onnx`,
      (bytes) => readOnnx(bytes, 'x', { files: folderSource(onnxFolder), resolution: 13 }),
      2424,
    ),
  );
  const onnxOperators = [
    ...['activations-11', 'activations-dynamo-20', 'joins-13', 'windows-17', 'pools-13', 'resizes-11', 'heads-12'],
    ...['dynamic-int8', 'static-qoperator', 'static-qdq-channels', 'opset-7', 'tf-bytes', 'shape-chain', 'two-outputs'],
  ].map((name) => sample(`onnx-operators/${name}.onnx`, (bytes) => readOnnx(bytes, 'x', { resolution: 12 })));
  const counted = ['joins-13', 'shape-chain'].map((name) =>
    sample(`onnx-operators/${name}.onnx`, (bytes) => {
      countOnnx(bytes, 'x', '');
      return new Map();
    }),
  );
  const frozen = ['decoder', 'retrained', 'training', 'two-outputs'].map((name) =>
    sample(`frozen-graphs/${name}.pb`, (bytes) =>
      readFrozenGraph(bytes, 'x', { resolution: 24, outputName: name === 'two-outputs' ? 'kind' : undefined }),
    ),
  );
  const tflite = ['uint8', 'int8', 'float'].map((name) =>
    sample(`tflite-tiny/${name}.tflite`, (bytes) => readTflite(bytes, 'x')),
  );
  const tfliteOperators = readdirSync(join(golden, 'tflite-operators')).map((file) =>
    sample(`tflite-operators/${file}`, (bytes) => readTflite(bytes, 'x')),
  );
  const pytorch = ['zip', 'legacy', 'deflated', 'checkpoint', 'bfloat16'].map((name) =>
    sample(`weights/${name}.pth`, (bytes) => readPyTorch(bytes, 'x')),
  );
  const containers = ['beside.pth', 'script.pt', 'whole.pth', 'whole-wrapped.pth', 'compiled.pth'].map((name) =>
    sample(`pytorch-containers/${name}`, (bytes) => recognised(readPyTorch(bytes, 'x'))),
  );
  const hdf5 = ['one.h5', 'two.h5', 'three.h5', 'three.weights.h5', 'three.keras'].map((name) =>
    sample(`keras-hdf5/${name}`, async (bytes) => kerasModel(await readKerasFile(bytes, 'x')), 0, true),
  );
  return [
    ...onnx,
    ...onnxOperators,
    ...counted,
    ...frozen,
    ...tflite,
    ...tfliteOperators,
    ...pytorch,
    ...containers,
    sample('weights/small.safetensors', (bytes) => readSafetensors(bytes, 'x')),
    ...tfjsSamples(folder),
    ...kerasLayers(),
    ...pictures(),
    ...hdf5,
  ];
}

/** Pictures with a reader of their own. */
function pictures(): Sample[] {
  const names = [
    ...['indexed-1-os2.bmp', 'indexed-4-os2v2.bmp', 'indexed-8-few.bmp', 'rgb-16-565.bmp', 'rgb-24.bmp'],
    ...[
      'rgba-32-v4.bmp',
      'rle4.bmp',
      'rle8.bmp',
      'rle24.bmp',
      'raw.pbm',
      'raw-1023.ppm',
      'plain.ppm',
      'plain-dense.pbm',
    ],
    ...['three.ico', 'png.ico', 'pillow.ico', 'pointer.cur'],
  ].map((name) => `formats/${name}`);
  const files = [...names, 'heic/upright.heic', 'heic/turned.heic'].map((name) => sample(name, readPicture));
  const raws = Object.entries(makeRawFiles()).map(([name, bytes]) => ({
    ...{ name: `raw/${name}`, bytes: new Uint8Array(bytes), besideBytes: 0, isSlow: false },
    read: readPicture,
  }));
  return [...files, ...raws];
}

async function readPicture(bytes: Uint8Array): Promise<Loaded> {
  const { data, width, height } = await decode(bytes, { name: 'x', maxPixels: 2 ** 22 });
  if (data.length !== width * height * 3) throw new Error(`${data.length} bytes for ${width} × ${height} pixels`);
  return new Map();
}

/** Camera raw files around one preview. */
function makeRawFiles(): Readonly<Record<string, Uint8Array>> {
  const jpeg = readFileSync(join(golden, 'preprocess/orientation-6.jpg'));
  return { dng: makeDng(jpeg, jpeg, 6), orf: makeOrf(jpeg), cr3: makeCr3(jpeg, jpeg), raf: makeRaf(jpeg) };
}

/** Descriptions of the layers of notebooks, beside weights that are as they should be. */
function kerasLayers(): Sample[] {
  const { models } = JSON.parse(gunzipSync(load('keras-layers.json.gz')).toString('utf8')) as {
    readonly models: readonly {
      readonly title: string;
      readonly kerasVersion: string;
      readonly config: unknown;
      readonly tensors: readonly (readonly [name: string, shape: readonly number[], low: number, high: number])[];
    }[];
  };
  // A few of them, so that each format has its share.
  const chosen = models.filter((_, index) => index % 4 === 0);
  return chosen.map(({ title, kerasVersion, config, tensors }) => {
    const values = new Map(tensors.map(([name, ...rest]) => [name, valuesFor(name, ...rest)]));
    const besideBytes = [...values.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
    const weights = { tensors: values, layout: 'names', attributes: {} } as const;
    const read = (bytes: Uint8Array) => importKeras({ config: parse(bytes), kerasVersion, weights }, 'x');
    return {
      name: `keras-layers/${title}`,
      bytes: Buffer.from(JSON.stringify(config)),
      besideBytes,
      isSlow: false,
      read,
    };
  });
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new ModelError('weights-damaged', { where: 'x', problem: 'not JSON' }, { cause });
  }
}

/** Each of the two files in turn is damaged, beside the other one as it should be. */
function tfjsSamples(folder: string): Sample[] {
  const { model, shard } = makeTfjs();
  const read = (topology: Uint8Array, weights: Uint8Array): Loaded => {
    writeFileSync(join(folder, 'model.json'), topology);
    writeFileSync(join(folder, 'shard'), weights);
    const found = readTfjs(folder);
    return found.nodes.length > 0 ? importTfjsGraph(found, 'x/model.json', { resolution: 16 }) : found.tensors;
  };
  return [
    {
      name: 'tfjs/model.json',
      bytes: model,
      besideBytes: shard.length,
      isSlow: false,
      read: (bytes) => read(bytes, shard),
    },
    { name: 'tfjs/shard', bytes: shard, besideBytes: model.length, isSlow: false, read: (bytes) => read(model, bytes) },
  ];
}

/** Gives the samples and takes their folder away at the end. */
export async function withSamples<T>(use: (samples: readonly Sample[]) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'mobilenet-fuzz-'));
  try {
    return await use(makeSamples(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
