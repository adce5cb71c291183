import {
  BUFFER,
  IDENTIFIER,
  MODEL,
  OPERATOR,
  OPERATOR_CODE,
  OPERATOR_NAMES,
  QUANTIZATION,
  SCHEMA_VERSION,
  SUBGRAPH,
  TENSOR,
  TENSOR_TYPE,
} from '../../../src/weights/formats/tflite/schema.js';

/** The part of the package flatbuffers that is used here. */
export interface Flatbuffers {
  readonly Builder: new (size: number) => Builder;
}

interface Builder {
  startObject(fields: number): void;
  endObject(): number;
  addFieldInt8(slot: number, value: number, missing: number): void;
  addFieldInt32(slot: number, value: number, missing: number): void;
  addFieldFloat32(slot: number, value: number, missing: number): void;
  addFieldOffset(slot: number, offset: number, missing: number): void;
  startVector(itemBytes: number, items: number, alignment: number): void;
  endVector(): number;
  addInt32(value: number): void;
  addInt64(value: bigint): void;
  addFloat32(value: number): void;
  addOffset(offset: number): void;
  createString(text: string): number;
  createByteVector(bytes: Uint8Array): number;
  prep(alignment: number, bytes: number): void;
  finish(root: number, identifier: string): void;
  asUint8Array(): Uint8Array;
}

/** Fields of a table by slot, each a function that writes one. Fields that are 0 need not be written. */
type Fields = Readonly<Record<number, (builder: Builder, slot: number) => void>>;

export const int8 = (value: number) => (builder: Builder, slot: number) => builder.addFieldInt8(slot, value, 0);
export const int32 = (value: number) => (builder: Builder, slot: number) => builder.addFieldInt32(slot, value, 0);
export const float32 = (value: number) => (builder: Builder, slot: number) => builder.addFieldFloat32(slot, value, 0);
const offset = (value: number) => (builder: Builder, slot: number) => builder.addFieldOffset(slot, value, 0);

export interface TensorScales {
  /** One for the whole tensor, or one for each index along `axis`. */
  readonly scales: ArrayLike<number>;
  /** Of all scales. */
  readonly zeroPoint: number;
  readonly axis?: number;
}

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: number;
  readonly data?: Uint8Array;
  readonly scales?: TensorScales | undefined;
}

interface Operator {
  readonly code: number;
  readonly inputs: readonly number[];
  readonly output: number;
  readonly optionsType: number;
  readonly options: Fields;
}

const SLOTS = 16;
/** XNNPACK reads constants where they lie in the file. */
const CONSTANT_ALIGNMENT = 16;

/** Collects tensors and operators by name, then writes them as a TFLite file. Source: schema.fbs, version 3. */
export class TfliteWriter {
  readonly #tensors: Tensor[] = [];
  readonly #indices = new Map<string, number>();
  readonly #operators: Operator[] = [];

  /** A tensor that is computed: int8 where it has scales, else float32. */
  map(name: string, shape: readonly number[], scales?: TensorScales): string {
    return this.#add({ name, shape, type: scales ? TENSOR_TYPE.int8 : TENSOR_TYPE.float32, scales });
  }

  constant(
    name: string,
    shape: readonly number[],
    values: Float32Array | Int32Array | Int8Array,
    scales?: TensorScales,
  ): string {
    const integers = values instanceof Int32Array ? TENSOR_TYPE.int32 : TENSOR_TYPE.int8;
    const type = values instanceof Float32Array ? TENSOR_TYPE.float32 : integers;
    const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return this.#add({ name, shape, type, data, scales });
  }

  /** @param name as in `OPERATOR_NAMES` */
  operator(name: string, inputs: readonly string[], output: string, optionsType = 0, options: Fields = {}): void {
    const indexOf = (tensor: string): number => {
      const index = this.#indices.get(tensor);
      if (index === undefined) throw new Error(`${name}: no tensor ${tensor}`);
      return index;
    };
    const code = OPERATOR_NAMES.indexOf(name);
    this.#operators.push({ code, inputs: inputs.map(indexOf), output: indexOf(output), optionsType, options });
  }

  /** The file's bytes; its graph's input is the first tensor, its output that of the last operator. */
  finish({ Builder }: Flatbuffers): Uint8Array {
    const builder = new Builder(2 ** 20);
    // The first buffer is that of everything without data.
    const buffers = [writeTable(builder, {})];
    const tensors = this.#tensors.map((tensor) => {
      if (tensor.data) {
        builder.prep(CONSTANT_ALIGNMENT, tensor.data.length);
        buffers.push(writeTable(builder, { [BUFFER.data]: offset(builder.createByteVector(tensor.data)) }));
      }
      return writeTensor(builder, tensor, tensor.data ? buffers.length - 1 : 0);
    });
    const codes = [...new Set(this.#operators.map(({ code }) => code))];
    const operators = this.#operators.map((operator) => writeOperator(builder, operator, codes));
    const graph = writeTable(builder, {
      [SUBGRAPH.tensors]: offset(writeOffsets(builder, tensors)),
      [SUBGRAPH.inputs]: offset(writeIntegers(builder, [0])),
      [SUBGRAPH.outputs]: offset(writeIntegers(builder, [this.#operators.at(-1)!.output])),
      [SUBGRAPH.operators]: offset(writeOffsets(builder, operators)),
    });
    const operatorCodes = codes.map((code) =>
      writeTable(builder, { [OPERATOR_CODE.deprecatedCode]: int8(code), [OPERATOR_CODE.code]: int32(code) }),
    );
    const model = writeTable(builder, {
      [MODEL.version]: int32(SCHEMA_VERSION),
      [MODEL.operatorCodes]: offset(writeOffsets(builder, operatorCodes)),
      [MODEL.subgraphs]: offset(writeOffsets(builder, [graph])),
      [MODEL.buffers]: offset(writeOffsets(builder, buffers)),
    });
    builder.finish(model, IDENTIFIER);
    return builder.asUint8Array();
  }

  #add(tensor: Tensor): string {
    this.#indices.set(tensor.name, this.#tensors.push(tensor) - 1);
    return tensor.name;
  }
}

function writeTensor(builder: Builder, { name, shape, type, scales }: Tensor, buffer: number): number {
  const quantization = scales && {
    [TENSOR.quantization]: offset(writeScales(builder, scales)),
  };
  return writeTable(builder, {
    [TENSOR.shape]: offset(writeIntegers(builder, shape)),
    [TENSOR.type]: int8(type),
    [TENSOR.buffer]: int32(buffer),
    [TENSOR.name]: offset(builder.createString(name)),
    ...quantization,
  });
}

function writeScales(builder: Builder, { scales, zeroPoint, axis = 0 }: TensorScales): number {
  const zeroPoints = Array.from(scales, () => BigInt(zeroPoint));
  const written = {
    scales: writeVector(builder, 4, Array.from(scales), (value) => builder.addFloat32(value)),
    zeroPoints: writeVector(builder, 8, zeroPoints, (value) => builder.addInt64(value)),
  };
  return writeTable(builder, {
    [QUANTIZATION.scale]: offset(written.scales),
    [QUANTIZATION.zeroPoint]: offset(written.zeroPoints),
    [QUANTIZATION.quantizedDimension]: int32(axis),
  });
}

function writeOperator(builder: Builder, operator: Operator, codes: readonly number[]): number {
  const { code, inputs, output, optionsType, options } = operator;
  const table = optionsType === 0 ? 0 : writeTable(builder, options);
  return writeTable(builder, {
    [OPERATOR.opcodeIndex]: int32(codes.indexOf(code)),
    [OPERATOR.inputs]: offset(writeIntegers(builder, inputs)),
    [OPERATOR.outputs]: offset(writeIntegers(builder, [output])),
    [OPERATOR.optionsType]: int8(optionsType),
    [OPERATOR.options]: offset(table),
  });
}

/** Whatever the fields refer to is written before: a table cannot hold another's bytes. */
function writeTable(builder: Builder, fields: Fields): number {
  builder.startObject(SLOTS);
  for (const [slot, write] of Object.entries(fields)) write(builder, Number(slot));
  return builder.endObject();
}

/** A flatbuffer is written from its end. */
function writeVector<T>(builder: Builder, itemBytes: number, items: readonly T[], add: (item: T) => void): number {
  builder.startVector(itemBytes, items.length, itemBytes);
  for (const item of [...items].reverse()) add(item);
  return builder.endVector();
}

function writeIntegers(builder: Builder, values: readonly number[]): number {
  return writeVector(builder, 4, values, (value) => builder.addInt32(value));
}

function writeOffsets(builder: Builder, offsets: readonly number[]): number {
  return writeVector(builder, 4, offsets, (value) => builder.addOffset(value));
}
