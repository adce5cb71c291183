import { basename, dirname, extname } from 'node:path';
import { folderSource } from '../../untrusted-data/files-beside.js';
import type { OpenedFile } from '../../untrusted-data/regular-file.js';
import { isGraphDef } from './frozen-graph/recognise.js';
import type { Hdf5Source } from './keras/hdf5.js';
import type { KerasFile } from './keras/keras-file.js';
import type { Opened, OpenOptions } from './opened.js';
import type { Head } from './other-files.js';

/** What a file of weights is by its first bytes. */
export type WeightsKind = 'tflite' | 'hdf5' | 'zip' | 'pickle' | 'safetensors' | 'onnx' | 'graphdef' | 'json';

/** A format of weights: how its files are recognised, and its reader, loaded on demand. */
export interface WeightsFormat {
  readonly name: 'safetensors' | 'tflite' | 'hdf5' | 'pytorch' | 'tfjs' | 'onnx' | 'frozen-graph';
  /** What help calls it, before “file” or “folder”. */
  readonly title: string;
  /** Endings that help and messages name. */
  readonly endings: readonly string[];
  readonly kinds: readonly { readonly kind: WeightsKind; readonly matches: (head: Head) => boolean }[];
  /** Whether a file of a kind that several formats share is this one's. */
  readonly claims?: (path: string) => boolean;
  /** One file holds everything, so that it can be pulled; otherwise `path` lies in the model's folder. */
  readonly isOneFile: boolean;
  /** What the store keeps it as, as it is; others become the project's safetensors. */
  readonly keptAs?: 'tflite' | 'onnx';
  readonly open: (bytes: Uint8Array, path: string, options: OpenOptions) => Promise<Opened>;
  /** Where the reader takes the open file itself, instead of all of its bytes. */
  readonly openFile?: (file: OpenedFile, path: string, options: OpenOptions) => Promise<Opened>;
}

/** In the order in which they are asked; the first that knows a file by its first bytes has it. */
export const weightsFormats: readonly WeightsFormat[] = [
  {
    name: 'safetensors',
    title: 'safetensors',
    endings: ['.safetensors'],
    // First, since the length that it begins with may be any other's mark.
    kinds: [{ kind: 'safetensors', matches: ({ text }) => text[8] === '{' && text.slice(6, 8) === '\0\0' }],
    isOneFile: true,
    open: async (bytes, path) => {
      const { readSafetensors, readMetadata } = await import('./safetensors/safetensors.js');
      const metadata = readMetadata(bytes);
      return { kind: 'tensors', path, format: 'safetensors', tensors: readSafetensors(bytes, path), metadata };
    },
  },
  {
    name: 'tflite',
    title: 'TFLite',
    endings: ['.tflite'],
    kinds: [{ kind: 'tflite', matches: ({ text }) => text.slice(4, 8) === 'TFL3' }],
    isOneFile: true,
    keptAs: 'tflite',
    open: async (bytes, path) => {
      const { readTflite } = await import('./tflite/read.js');
      return { kind: 'graph', path, bytes, imported: readTflite(bytes, path) };
    },
  },
  {
    name: 'hdf5',
    title: 'Keras',
    endings: ['.h5', '.keras'],
    kinds: [
      { kind: 'hdf5', matches: ({ text }) => text.startsWith('\x89HDF\r\n\x1a\n') },
      { kind: 'zip', matches: isZip },
    ],
    claims: (path) => extname(path).toLowerCase() === '.keras',
    isOneFile: true,
    open: openKeras,
    openFile: openKeras,
  },
  {
    name: 'pytorch',
    title: 'PyTorch',
    endings: ['.pth'],
    kinds: [
      { kind: 'zip', matches: isZip },
      { kind: 'pickle', matches: ({ text }) => text.startsWith('\x80') },
    ],
    isOneFile: true,
    open: async (bytes, path) => {
      const { readPyTorch } = await import('./pytorch/read.js');
      return { kind: 'tensors', path, format: 'pytorch', tensors: readPyTorch(bytes, path) };
    },
  },
  {
    name: 'tfjs',
    title: 'TensorFlow.js',
    endings: ['model.json'],
    kinds: [{ kind: 'json', matches: ({ text }) => /^\s*[{[]/.test(text) }],
    isOneFile: false,
    open: openTfjs,
  },
  {
    name: 'onnx',
    title: 'ONNX',
    endings: ['.onnx'],
    // It begins with the field `ir_version`, a small number; a SavedModel with a version that is 1.
    kinds: [{ kind: 'onnx', matches: ({ bytes: [key, version = 0] }) => key === 0x08 && version > 1 && version < 32 }],
    isOneFile: true,
    keptAs: 'onnx',
    open: async (bytes, path, options) => {
      const { readOnnx } = await import('./onnx/read.js');
      return {
        kind: 'graph',
        path,
        bytes,
        imported: readOnnx(bytes, path, { ...options, files: options.files ?? folderSource(dirname(path), path) }),
      };
    },
  },
  {
    name: 'frozen-graph',
    title: 'TensorFlow frozen graph',
    endings: ['.pb'],
    kinds: [{ kind: 'graphdef', matches: ({ bytes }) => isGraphDef(bytes) }],
    isOneFile: true,
    open: async (bytes, path, options) => {
      const { readFrozenGraph } = await import('./frozen-graph/read.js');
      return { kind: 'graph', path, bytes, imported: readFrozenGraph(bytes, path, options) };
    },
  },
];

export type FormatName = WeightsFormat['name'];

export const formatNames: readonly FormatName[] = weightsFormats.map(({ name }) => name);

export function findFormat(name: FormatName): WeightsFormat {
  return weightsFormats.find((format) => format.name === name)!;
}

/** The format of a file of this kind at `path`; undefined for kinds that are no weights. */
export function formatOfKind(kind: string | undefined, path: string): WeightsFormat | undefined {
  const formats = weightsFormats.filter(({ kinds }) => kinds.some((each) => each.kind === kind));
  return formats.length > 1 ? formats.find(({ claims = () => true }) => claims(path)) : formats[0];
}

/** `a safetensors, TFLite or Keras file, or a TensorFlow.js folder` */
export function describeFormats(): string {
  const titles = (isOneFile: boolean) =>
    weightsFormats.filter((format) => format.isOneFile === isOneFile).map(({ title }) => title);
  return `a ${enumerate(titles(true))} file, or a ${enumerate(titles(false))} folder`;
}

/** All formats with the endings of their files: `safetensors (.safetensors), …` */
export function listFormats(): string {
  return enumerate(weightsFormats.map(({ title, endings }) => `${title} (${endings.join(', ')})`));
}

function enumerate(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function isZip({ text }: Head): boolean {
  return text.startsWith('PK\x03\x04');
}

async function openTfjs(_bytes: Uint8Array, path: string, options: OpenOptions): Promise<Opened> {
  const { readTfjs } = await import('./tfjs/model-folder.js');
  const model = readTfjs(options.files ?? dirname(path), basename(path));
  if (model.nodes.length > 0) {
    const { importTfjsGraph } = await import('./tfjs/graph-model.js');
    return { kind: 'graph', path, bytes: new Uint8Array(), imported: importTfjsGraph(model, path, options) };
  }
  return describedTensors('tfjs', path, model, options);
}

/** HDF5, alone or in Keras's archive. */
async function openKeras(source: Hdf5Source, path: string, options: OpenOptions): Promise<Opened> {
  const { readKerasFile } = await import('./keras/keras-file.js');
  return describedTensors('hdf5', path, await readKerasFile(source, path), options);
}

/** Tensors, and the graph that Keras's description of their layers makes of them. */
function describedTensors(
  format: 'tfjs' | 'hdf5',
  path: string,
  { tensors, description }: Pick<KerasFile, 'tensors' | 'description'>,
  options: OpenOptions,
): Opened {
  const opened = { kind: 'tensors', path, format, tensors } as const;
  if (description === undefined) return opened;
  const readGraph = async () => (await import('./keras/keras-graph.js')).importKeras(description, path, options);
  return { ...opened, readGraph };
}
