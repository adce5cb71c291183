import { ModelError } from '../../../errors/errors.js';
import { Flatbuffer, type Table, type Vector } from './flatbuffer.js';
import {
  BUFFER,
  IDENTIFIER,
  METADATA,
  MODEL,
  OPERATOR,
  OPERATOR_CODE,
  OPERATOR_NAMES,
  QUANTIZATION,
  SCHEMA_VERSION,
  SUBGRAPH,
  TENSOR,
  TENSOR_TYPE_NAMES,
} from './schema.js';

/** Real value = scale × (stored − zeroPoint); one pair for the tensor, or one for each index along `axis`. */
export interface Quantisation {
  readonly count: number;
  readonly axis: number;
  scale(index: number): number;
  zeroPoint(index: number): number;
}

export interface TfliteTensor {
  readonly index: number;
  readonly name: string;
  readonly shape: readonly number[];
  /** As in `TENSOR_TYPE`. */
  readonly type: number;
  readonly quantisation: Quantisation | undefined;
  /** A constant's bytes; undefined for what is computed. */
  readonly constant: Uint8Array | undefined;
}

export interface Operation {
  /** `CONV_2D`, …; a custom operator's own name after `custom `. */
  readonly name: string;
  /** Where an optional input is left out there is undefined. */
  readonly inputs: readonly (TfliteTensor | undefined)[];
  readonly outputs: readonly TfliteTensor[];
  /** The operator's options, if they are the table that `type` (of `OPTIONS_TYPE`) names. */
  options(type: number): Table | undefined;
}

const MAX_OPERATORS = 10_000;
const MAX_RANK = 8;
/** Of those that are understood a concatenation has most. */
const MAX_OPERANDS = 64;
const MAX_NAME_BYTES = 256;
const MAX_OUTPUTS = 16;
const MAX_METADATA = 64;
const CUSTOM = 32;

/** A TFLite model's first subgraph: the only one that runs unless an operator calls another. */
export class TfliteGraph {
  readonly where: string;
  readonly operatorCount: number;
  readonly #operatorCodes: Vector;
  readonly #tensors: Vector;
  readonly #operators: Vector;
  readonly #buffers: Vector;
  readonly #inputs: Vector;
  readonly #outputs: Vector;
  readonly #metadata: Vector;
  readonly #seen = new Map<number, TfliteTensor>();

  constructor(bytes: Uint8Array, where: string) {
    this.where = where;
    const buffer = new Flatbuffer(bytes, where);
    if (bytes.length < 8 || buffer.identifier() !== IDENTIFIER) {
      throw buffer.damaged(`not a TFLite file, expected "${IDENTIFIER}" at byte 4`);
    }
    const model = buffer.root();
    const version = model.uint32(MODEL.version, 0);
    if (version !== SCHEMA_VERSION) {
      throw new ModelError('weights-format', {
        where,
        problem: `TFLite schema ${version}`,
        expected: `${SCHEMA_VERSION}`,
      });
    }
    const subgraphs = model.vector(MODEL.subgraphs, 4);
    if (subgraphs.length === 0) throw buffer.damaged('no subgraph, expected one');
    const subgraph = subgraphs.table(0);
    this.#operatorCodes = model.vector(MODEL.operatorCodes, 4);
    this.#buffers = model.vector(MODEL.buffers, 4);
    this.#metadata = model.vector(MODEL.metadata, 4);
    this.#tensors = subgraph.vector(SUBGRAPH.tensors, 4);
    this.#operators = subgraph.vector(SUBGRAPH.operators, 4);
    this.#inputs = subgraph.vector(SUBGRAPH.inputs, 4);
    this.#outputs = subgraph.vector(SUBGRAPH.outputs, 4);
    this.operatorCount = this.#operators.length;
    if (this.operatorCount > MAX_OPERATORS) {
      throw buffer.damaged(`${this.operatorCount} operators, expected at most ${MAX_OPERATORS}`);
    }
  }

  /** The graph's only input. */
  input(): TfliteTensor {
    return this.tensor(this.#single(this.#inputs, 'input'));
  }

  outputs(): TfliteTensor[] {
    if (this.#outputs.length === 0 || this.#outputs.length > MAX_OUTPUTS) {
      throw this.unsupported(`a graph with ${this.#outputs.length} outputs, expected 1 to ${MAX_OUTPUTS}`);
    }
    return Array.from({ length: this.#outputs.length }, (_, index) => this.tensor(this.#outputs.int32(index)));
  }

  /** The graph's only output. */
  output(): TfliteTensor {
    return this.tensor(this.#single(this.#outputs, 'output'));
  }

  /** What the file keeps under this name beside the graph. */
  metadata(name: string): Uint8Array | undefined {
    for (let index = 0; index < Math.min(this.#metadata.length, MAX_METADATA); index++) {
      const entry = this.#metadata.table(index);
      if (entry.string(METADATA.name, MAX_NAME_BYTES) === name) {
        return this.#readConstant(entry.uint32(METADATA.buffer, 0));
      }
    }
    return undefined;
  }

  operation(index: number): Operation {
    const table = this.#operators.table(index);
    const name = this.#nameOperator(table.uint32(OPERATOR.opcodeIndex, 0));
    const read = (slot: number): number[] => {
      const indices = table.vector(slot, 4);
      if (indices.length > MAX_OPERANDS) {
        throw this.unsupported(`${name} with ${indices.length} tensors, expected at most ${MAX_OPERANDS}`);
      }
      return Array.from({ length: indices.length }, (_, i) => indices.int32(i));
    };
    const optionsType = table.uint8(OPERATOR.optionsType, 0);
    return {
      name,
      inputs: read(OPERATOR.inputs).map((tensor) => (tensor === -1 ? undefined : this.tensor(tensor))),
      outputs: read(OPERATOR.outputs).map((tensor) => this.tensor(tensor)),
      options: (type) => (type === optionsType ? table.table(OPERATOR.options) : undefined),
    };
  }

  tensor(index: number): TfliteTensor {
    const seen = this.#seen.get(index);
    if (seen !== undefined) return seen;
    const table = this.#tensors.table(index);
    const name = table.string(TENSOR.name, MAX_NAME_BYTES);
    if (table.has(TENSOR.sparsity)) throw this.unsupported(`tensor ${index} is stored sparse, expected dense values`);
    if (table.uint32(TENSOR.externalBuffer, 0) !== 0) {
      throw this.unsupported(`tensor ${index} is stored in another file, expected everything in one`);
    }
    const tensor: TfliteTensor = {
      index,
      name,
      shape: this.#readShape(table.vector(TENSOR.shape, 4), index),
      type: table.int8(TENSOR.type, 0),
      quantisation: this.#readQuantisation(table.table(TENSOR.quantization)),
      constant: this.#readConstant(table.uint32(TENSOR.buffer, 0)),
    };
    this.#seen.set(index, tensor);
    return tensor;
  }

  damaged(what: string): ModelError {
    return new ModelError('weights-damaged', { where: this.where, problem: what });
  }

  unsupported(what: string): ModelError {
    return new ModelError('operator-unsupported', { where: this.where, problem: what });
  }

  notQuantised(what: string): ModelError {
    return new ModelError('not-quantised', { where: this.where, problem: what });
  }

  #single(indices: Vector, what: string): number {
    if (indices.length !== 1) throw this.unsupported(`a graph with ${indices.length} ${what}s, expected one`);
    return indices.int32(0);
  }

  #nameOperator(index: number): string {
    const table = this.#operatorCodes.table(index);
    const code = Math.max(table.int8(OPERATOR_CODE.deprecatedCode, 0), table.int32(OPERATOR_CODE.code, 0));
    if (code === CUSTOM) return `custom ${printable(table.string(OPERATOR_CODE.customName, MAX_NAME_BYTES))}`;
    return OPERATOR_NAMES[code] ?? `number ${code}`;
  }

  #readShape(sizes: Vector, tensor: number): number[] {
    if (sizes.length > MAX_RANK) {
      throw this.damaged(`tensor ${tensor} has ${sizes.length} dimensions, expected at most ${MAX_RANK}`);
    }
    return Array.from({ length: sizes.length }, (_, i) => {
      const size = sizes.int32(i);
      if (size < 1) throw this.damaged(`tensor ${tensor} has a dimension of ${size}, expected 1 or more`);
      return size;
    });
  }

  #readQuantisation(table: Table | undefined): Quantisation | undefined {
    if (table === undefined) return undefined;
    const scales = table.vector(QUANTIZATION.scale, 4);
    if (scales.length === 0) return undefined;
    if (table.uint8(QUANTIZATION.detailsType, 0) !== 0) {
      throw this.unsupported('custom quantisation, expected scales and zero points');
    }
    const zeroPoints = table.vector(QUANTIZATION.zeroPoint, 8);
    if (zeroPoints.length > 1 && zeroPoints.length !== scales.length) {
      throw this.damaged(`${zeroPoints.length} zero points for ${scales.length} scales, expected as many`);
    }
    return {
      count: scales.length,
      axis: table.int32(QUANTIZATION.quantizedDimension, 0),
      scale: (index) => {
        const scale = scales.float32(index);
        if (!(scale > 0 && scale < Number.POSITIVE_INFINITY)) {
          throw this.damaged(`a quantisation scale of ${scale}, expected a finite number above 0`);
        }
        return scale;
      },
      zeroPoint: (index) => {
        if (zeroPoints.length === 0) return 0;
        return zeroPoints.int64(zeroPoints.length === 1 ? 0 : index);
      },
    };
  }

  #readConstant(index: number): Uint8Array | undefined {
    // Buffer 0 is by convention the empty one of tensors that are computed.
    if (index === 0 && this.#buffers.length === 0) return undefined;
    const table = this.#buffers.table(index);
    // Above 2 GB the bytes follow the flatbuffer, at an offset of their own.
    if (table.has(BUFFER.offset) || table.has(BUFFER.size)) {
      throw this.unsupported('weights behind the flatbuffer, expected them inside');
    }
    const bytes = table.vector(BUFFER.data, 1).bytes();
    return bytes.length === 0 ? undefined : bytes;
  }
}

/** A tensor type's name in the schema. */
export function nameType(type: number): string {
  return TENSOR_TYPE_NAMES[type] ?? `type ${type}`;
}

/** What comes from the file is shown in a message without control characters. */
function printable(text: string): string {
  return JSON.stringify(text.replace(/[^\x20-\x7e]/g, '?').slice(0, 80));
}
