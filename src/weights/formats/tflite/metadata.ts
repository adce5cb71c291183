import { ZipArchive } from '../../../archives/zip.js';
import type { LabelFile } from '../../graph/imported-model.js';
import { Flatbuffer, type Table } from './flatbuffer.js';
import type { TfliteGraph } from './graph.js';

/**
 * What TFLite metadata say of a classifier (tensorflow/lite/schema metadata_schema.fbs, Apache-2.0): slots of table fields
 * and the numbers of its enumerations.
 */
const IDENTIFIER = 'M001';
const MODEL_METADATA = { subgraphs: 3 } as const;
const SUBGRAPH_METADATA = { inputs: 2, outputs: 3, associatedFiles: 4 } as const;
const TENSOR_METADATA = { processUnits: 4, associatedFiles: 6 } as const;
const PROCESS_UNIT = { optionsType: 0, options: 1 } as const;
const NORMALIZATION_OPTIONS = { mean: 0, std: 1 } as const;
const ASSOCIATED_FILE = { name: 0, type: 2, locale: 3 } as const;
const NORMALIZATION = 1;
const LABELS = { ofAxis: 2, ofValue: 3 } as const;

const MAX_CHANNELS = 4;
const MAX_FILES = 64;
const MAX_NAME_BYTES = 256;
const MAX_LABEL_BYTES = 4 * 2 ** 20;
/** An end record and its comment. */
const ZIP_TAIL_BYTES = 22 + 0xffff;

export interface TfliteMetadata {
  /** (byte − mean) ÷ std, one pair for all channels or one for each. */
  readonly normalisation: { readonly mean: readonly number[]; readonly std: readonly number[] } | undefined;
  readonly labelFile: LabelFile | undefined;
  /** What the metadata call the labels, where the file has none of that name. */
  readonly missingLabelFile?: string | undefined;
}

/** `output`: which of the graph's outputs the labels are of. */
export function readMetadata(graph: TfliteGraph, bytes: Uint8Array, output: number): TfliteMetadata {
  const content = graph.metadata('TFLITE_METADATA');
  const subgraph = content && subgraphOf(content, graph.where);
  const files = new AppendedFiles(bytes, graph.where);
  if (subgraph === undefined) return { normalisation: undefined, labelFile: files.onlyText() };
  const inputs = subgraph.vector(SUBGRAPH_METADATA.inputs, 4);
  const outputs = subgraph.vector(SUBGRAPH_METADATA.outputs, 4);
  const named = output < outputs.length ? labelNames(outputs.table(output)) : [];
  return {
    normalisation: inputs.length === 0 ? undefined : readNormalisation(graph, inputs.table(0)),
    ...labelsNamed(files, named),
  };
}

function labelsNamed(files: AppendedFiles, named: readonly string[]): Omit<TfliteMetadata, 'normalisation'> {
  const labelFile = files.first(named) ?? files.onlyText();
  return { labelFile, missingLabelFile: labelFile === undefined ? named[0] : undefined };
}

function subgraphOf(content: Uint8Array, where: string): Table | undefined {
  const buffer = new Flatbuffer(content, where);
  if (content.length < 8 || buffer.identifier() !== IDENTIFIER) return undefined;
  const subgraphs = buffer.root().vector(MODEL_METADATA.subgraphs, 4);
  return subgraphs.length === 0 ? undefined : subgraphs.table(0);
}

function readNormalisation(graph: TfliteGraph, tensor: Table): TfliteMetadata['normalisation'] {
  const units = tensor.vector(TENSOR_METADATA.processUnits, 4);
  for (let index = 0; index < Math.min(units.length, MAX_FILES); index++) {
    const unit = units.table(index);
    const options = unit.table(PROCESS_UNIT.options);
    if (unit.uint8(PROCESS_UNIT.optionsType, 0) !== NORMALIZATION || options === undefined) continue;
    const [mean, std] = [NORMALIZATION_OPTIONS.mean, NORMALIZATION_OPTIONS.std].map((slot) => {
      const vector = options.vector(slot, 4);
      if (vector.length > MAX_CHANNELS) throw graph.damaged(`${vector.length} means, expected one for each channel`);
      return Array.from({ length: vector.length }, (_, channel) => vector.float32(channel));
    }) as [number[], number[]];
    const isUsable = mean.every(Number.isFinite) && std.every((value) => Number.isFinite(value) && value !== 0);
    if (mean.length === 0 || mean.length !== std.length || !isUsable) {
      throw graph.damaged(`a normalisation by means ${mean.join()} and deviations ${std.join()}, expected as many`);
    }
    return { mean, std };
  }
  return undefined;
}

/** Names of label files, those in English or in no language first. */
function labelNames(tensor: Table): string[] {
  const files = tensor.vector(TENSOR_METADATA.associatedFiles, 4);
  const found: { readonly name: string; readonly rank: number }[] = [];
  for (let index = 0; index < Math.min(files.length, MAX_FILES); index++) {
    const file = files.table(index);
    const type = file.uint8(ASSOCIATED_FILE.type, 0);
    if (type !== LABELS.ofAxis && type !== LABELS.ofValue) continue;
    const locale = file.string(ASSOCIATED_FILE.locale, MAX_NAME_BYTES);
    const rank = locale === '' ? 0 : /^en\b/i.test(locale) ? 1 : 2;
    found.push({ name: file.string(ASSOCIATED_FILE.name, MAX_NAME_BYTES), rank });
  }
  return found.sort((a, b) => a.rank - b.rank).map(({ name }) => name);
}

/** The files of a zip archive that lies behind the model in the same file, if there is one. */
class AppendedFiles {
  readonly #archive: ZipArchive | undefined;

  constructor(bytes: Uint8Array, where: string) {
    const tail = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).subarray(-ZIP_TAIL_BYTES);
    if (tail.includes('PK\x05\x06', undefined, 'latin1')) this.#archive = openArchive(bytes, where);
  }

  first(names: readonly string[]): LabelFile | undefined {
    const name = names.find((each) => this.#archive?.names.includes(each));
    return name === undefined ? undefined : this.#read(name);
  }

  /** The only text file: labels that no metadata name. */
  onlyText(): LabelFile | undefined {
    const [name, ...others] = (this.#archive?.names ?? []).filter((each) => /\.(txt|csv|json)$/i.test(each));
    return name === undefined || others.length > 0 ? undefined : this.#read(name);
  }

  #read(name: string): LabelFile | undefined {
    const bytes = this.#archive?.read(name, MAX_LABEL_BYTES);
    return bytes && { name, bytes };
  }
}

/** Undefined for bytes that only look like the end of an archive: weights may. */
function openArchive(bytes: Uint8Array, where: string): ZipArchive | undefined {
  try {
    return new ZipArchive(bytes, where);
  } catch {
    return undefined;
  }
}
