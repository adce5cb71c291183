/** Writes small ONNX files, as far as counting needs them: one main graph, floats that are all zero. */

type Bytes = readonly number[] | Uint8Array;

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return [...bytes, Number(rest)];
}

const message = (number: number, bytes: Bytes): Uint8Array =>
  Buffer.concat([Uint8Array.from([...varint((number << 3) | 2), ...varint(bytes.length)]), Uint8Array.from(bytes)]);
const integer = (number: number, value: number) => Uint8Array.from([...varint(number << 3), ...varint(value)]);
const text = (number: number, value: string) => message(number, Buffer.from(value));
const join = (parts: readonly Uint8Array[]) => Buffer.concat(parts);

const FLOAT = 1;
const INT64 = 7;

export class OnnxBuilder {
  readonly #parts: Uint8Array[] = [];
  #count = 0;

  /** Floats of zero. */
  weights(dims: readonly number[]): string {
    const name = `w${++this.#count}`;
    const elements = dims.reduce((all, size) => all * size, 1);
    this.#tensor(name, dims, FLOAT, new Uint8Array(4 * elements));
    return name;
  }

  integers(values: readonly number[]): string {
    const name = `i${++this.#count}`;
    this.#tensor(name, [values.length], INT64, new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer));
    return name;
  }

  /** Gives the name of the output. */
  add(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, number | readonly number[]>> = {},
    name = `${operator}${++this.#count}`,
  ): string {
    const parts = [...inputs.map((input) => text(1, input)), text(2, name), text(3, name), text(4, operator)];
    for (const [key, value] of Object.entries(attributes)) {
      const [values, type] =
        typeof value === 'number' ? [[integer(3, value)], 2] : [value.map((each) => integer(8, each)), 7];
      parts.push(message(5, join([text(1, key), ...values, integer(20, type)])));
    }
    this.#parts.push(message(1, join(parts)));
    return name;
  }

  conv(input: string, inChannels: number, outChannels: number, kernel: number, stride = 1, pad = 0, group = 1): string {
    const weights = this.weights([outChannels, inChannels / group, kernel, kernel]);
    const bias = this.weights([outChannels]);
    const attributes = { strides: [stride, stride], pads: [pad, pad, pad, pad], kernel_shape: [kernel, kernel], group };
    return this.add('Conv', [input, weights, bias], attributes);
  }

  /** The file, with an input of `dims` (0 for one that is open) and an output. */
  finish(input: string, dims: readonly number[], output: string): Uint8Array {
    const shape = join(dims.map((size) => message(1, size > 0 ? integer(1, size) : text(2, 'open'))));
    const type = message(1, join([integer(1, FLOAT), message(2, shape)]));
    const graph = join([
      ...this.#parts,
      message(11, join([text(1, input), message(2, type)])),
      message(12, text(1, output)),
    ]);
    return join([integer(1, 8), message(7, graph), message(8, integer(2, 17))]);
  }

  #tensor(name: string, dims: readonly number[], type: number, raw: Uint8Array): void {
    this.#parts.push(
      message(5, join([...dims.map((size) => integer(1, size)), integer(2, type), text(8, name), message(9, raw)])),
    );
  }
}
