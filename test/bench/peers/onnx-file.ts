import { NETWORK_INPUT } from '../../../src/networks/types.js';
import { kindForPeers, layerWeights, type NetworkFile, type PeerLayer } from './network-file.js';
import { chooseMapScale, quantiseWeights, type Ranges } from './quantise.js';

/** The part of onnx-proto that is used here. */
export interface OnnxProto {
  readonly onnx: {
    readonly ModelProto: { create(model: object): unknown; encode(model: unknown): { finish(): Uint8Array } };
  };
}

/** Numbers of the ONNX format (onnx.proto3): TensorProto's types, AttributeProto.INT and INTS. */
const FLOAT = 1;
const UINT8 = 2;
const INT8 = 3;
const INT32 = 6;
const INT = 2;
const INTS = 7;
const OPSET = 13;
const IR_VERSION = 8;

export interface OnnxOptions {
  /** Of all maps, by name: given, every map but the softmax is stored in 8 bits (QDQ form). */
  readonly ranges?: Ranges;
  /** All maps are outputs, so that their ranges can be seen. */
  readonly everyMap?: boolean;
}

/** The network as an ONNX file, NCHW: batch norm folded, activations as nodes that the runtime fuses itself. */
export function writeOnnx(
  { onnx }: OnnxProto,
  network: NetworkFile,
  floats: Float32Array,
  { ranges, everyMap = false }: OnnxOptions = {},
): Uint8Array {
  const nodes: object[] = [];
  const maps: string[] = [];
  const initializers: object[] = [];
  const last = network.layers.at(-1)!;
  const tensor = (
    name: string,
    dims: readonly number[],
    values: Float32Array | Uint8Array | Int8Array | Int32Array,
  ): string => {
    const integers = values instanceof Uint8Array ? UINT8 : values instanceof Int8Array ? INT8 : INT32;
    initializers.push({
      name,
      dims,
      dataType: values instanceof Float32Array ? FLOAT : integers,
      rawData: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    });
    return name;
  };
  const ints = (name: string, values: readonly number[]) => ({ name, type: INTS, ints: values });
  const int = (name: string, value: number) => ({ name, type: INT, i: value });
  const operate = (opType: string, input: readonly string[], output: string, attribute: object[] = []): string => {
    nodes.push({ opType, name: output, input, output: [output], attribute });
    return output;
  };
  /** `name` is what `from` gives, stored in 8 bits and read back. */
  const store = (from: string, name: string): string => {
    const { scale, zeroPoint } = chooseMapScale(ranges![name]!);
    const by = [
      tensor(`${name} scale`, [], Float32Array.of(scale)),
      tensor(`${name} zero point`, [], Uint8Array.of(zeroPoint)),
    ];
    return operate('DequantizeLinear', [operate('QuantizeLinear', [from, ...by], `${name} stored`), ...by], name);
  };
  const node = (opType: string, input: readonly string[], output: string, attribute: object[] = []): string => {
    maps.push(output);
    if (!ranges || output === last.name) return operate(opType, input, output, attribute);
    return store(operate(opType, input, `${output} computed`, attribute), output);
  };
  /** Filter and bias, read back from 8 and 32 bits where `input` is stored in 8. */
  const parameters = (name: string, input: string, filter: Filter): string[] => {
    const { dims, values, bias, axis } = filter;
    const [weightsName, biasName] = [`${name} weights`, `${name} bias`];
    if (!ranges) return [tensor(weightsName, dims, values), tensor(biasName, [bias.length], bias)];
    const inner = dims.slice(axis + 1).reduce((product, extent) => product * extent, 1);
    const { scale } = chooseMapScale(ranges[input]!);
    const channelOf = (index: number) => Math.floor(index / inner) % bias.length;
    const stored = quantiseWeights(values, bias, scale, channelOf);
    const read = (to: string, integers: string, scales: Float32Array, along: number): string => {
      const by = [tensor(`${to} scales`, [scales.length], scales)];
      // Without a zero point, ONNX Runtime would leave Gemm in floats.
      if (to === weightsName) {
        by.push(tensor(`${to} zero points`, [scales.length], new Int8Array(scales.length)));
      }
      return operate('DequantizeLinear', [integers, ...by], to, [int('axis', along)]);
    };
    const biasScales = stored.scales.map((each) => each * scale);
    return [
      read(weightsName, tensor(`${weightsName} stored`, dims, stored.values), stored.scales, axis),
      read(biasName, tensor(`${biasName} stored`, [bias.length], stored.bias), biasScales, 0),
    ];
  };
  const zero = tensor('zero', [], new Float32Array([0]));
  const six = tensor('six', [], new Float32Array([6]));

  /** The last node of a layer carries the layer's name. */
  const activate = ({ activation, name }: PeerLayer, from: string): void => {
    if (activation === 'relu') node('Relu', [from], name);
    if (activation === 'relu6') node('Clip', [from, zero, six], name);
    if (activation === 'sigmoid') node('Sigmoid', [from], name);
    if (activation === 'swish') node('Mul', [from, node('Sigmoid', [from], `${name} sigmoid`)], name);
  };
  const windows = ({ kernelSize, stride, pads: [top, bottom, left, right] }: PeerLayer) => [
    ints('kernel_shape', [kernelSize, kernelSize]),
    ints('strides', [stride, stride]),
    ints('pads', [top, left, bottom, right]),
  ];

  /** Where a map of 8 bits begins and ends is what these activations clip to; ONNX Runtime's own tool drops them, too. */
  const isClip = (activation: string) => ranges !== undefined && (activation === 'relu' || activation === 'relu6');
  const picture = ranges ? `${NETWORK_INPUT} of floats` : NETWORK_INPUT;
  if (ranges) store(picture, NETWORK_INPUT);
  for (const [index, layer] of network.layers.entries()) {
    const { name, inputs, activation } = layer;
    const kind = kindForPeers(network, index);
    const isWhole = activation === 'linear' || isClip(activation);
    const made = isWhole ? name : `${name} linear`;
    switch (kind) {
      case 'conv':
      case 'depthwise':
      case 'pointwise': {
        const filter = convolutionFilter(layer, floats);
        const group = int('group', kind === 'depthwise' ? filter.bias.length : 1);
        const read = [inputs[0]!, ...parameters(name, inputs[0]!, filter)];
        node('Conv', read, made, [...windows(layer), group]);
        if (!isWhole) activate(layer, made);
        break;
      }
      case 'dense': {
        const { shape, values, bias } = layerWeights(layer, floats);
        const flat = node('Flatten', [inputs[0]!], `${name} flat`);
        node('Gemm', [flat, ...parameters(name, flat, { dims: shape, values, bias, axis: 1 })], made);
        if (!isWhole) activate(layer, made);
        break;
      }
      case 'add':
        node('Add', inputs, name);
        break;
      case 'scale':
        node('Mul', inputs, name);
        break;
      case 'activation':
        activate(layer, inputs[0]!);
        break;
      case 'maxPool':
        node('MaxPool', inputs, name, windows(layer));
        break;
      case 'globalAveragePool':
        node('GlobalAveragePool', inputs, name);
        break;
      case 'softmax':
        node('Softmax', inputs, name);
        break;
      default:
        throw new Error(`no operator for ${kind}`);
    }
  }
  const value = (name: string, dims?: readonly number[]) => ({
    name,
    type: { tensorType: { elemType: FLOAT, ...(dims && { shape: { dim: dims.map((dimValue) => ({ dimValue })) } }) } },
  });
  const { resolution } = network;
  const model = onnx.ModelProto.create({
    irVersion: IR_VERSION,
    opsetImport: [{ domain: '', version: OPSET }],
    producerName: 'bench',
    graph: {
      name: network.model,
      node: nodes,
      initializer: initializers,
      input: [value(picture, [1, 3, resolution, resolution])],
      output: everyMap ? maps.map((name) => value(name)) : [value(last.name, [1, 1000])],
    },
  });
  return onnx.ModelProto.encode(model).finish();
}

interface Filter {
  readonly dims: readonly number[];
  readonly values: Float32Array;
  readonly bias: Float32Array;
  /** Of the output channels. */
  readonly axis: number;
}

/** [size, size, in, out] → [out, in, size, size]; a depthwise layer's [size, size, channels] → [channels, 1, size, size]. */
function convolutionFilter(layer: PeerLayer, floats: Float32Array): Filter {
  const { kind, kernelSize } = layer;
  const { shape, values: from, bias } = layerWeights(layer, floats);
  const taps = kernelSize * kernelSize;
  const inner = kind === 'depthwise' ? 1 : shape.at(-2)!;
  const outer = shape.at(-1)!;
  const values = new Float32Array(from.length);
  for (let tap = 0, at = 0; tap < taps; tap++) {
    for (let input = 0; input < inner; input++) {
      for (let output = 0; output < outer; output++) values[(output * inner + input) * taps + tap] = from[at++]!;
    }
  }
  return { dims: [outer, inner, kernelSize, kernelSize], values, bias, axis: 0 };
}
