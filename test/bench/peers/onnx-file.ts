import type { NetworkFile, PeerLayer } from './network-file.js';

/** The part of onnx-proto that is used here. */
export interface OnnxProto {
  readonly onnx: {
    readonly ModelProto: { create(model: object): unknown; encode(model: unknown): { finish(): Uint8Array } };
  };
}

/** Numbers of the ONNX format (onnx.proto3): TensorProto.FLOAT, AttributeProto.INT and INTS. */
const FLOAT = 1;
const INT = 2;
const INTS = 7;
const OPSET = 13;
const IR_VERSION = 8;

/** The network as an ONNX file, NCHW: batch norm folded, activations as nodes that the runtime fuses itself. */
export function writeOnnx({ onnx }: OnnxProto, network: NetworkFile, floats: Float32Array): Uint8Array {
  const nodes: object[] = [];
  const initializers: object[] = [];
  const last = network.layers.at(-1)!;
  const tensor = (name: string, dims: readonly number[], values: Float32Array): string => {
    initializers.push({
      name,
      dims,
      dataType: FLOAT,
      rawData: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    });
    return name;
  };
  const node = (opType: string, input: readonly string[], output: string, attribute: object[] = []): string => {
    nodes.push({ opType, name: output, input, output: [output], attribute });
    return output;
  };
  const ints = (name: string, values: readonly number[]) => ({ name, type: INTS, ints: values });
  const int = (name: string, value: number) => ({ name, type: INT, i: value });
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

  for (const [index, layer] of network.layers.entries()) {
    const { name, inputs, activation } = layer;
    // Between maps a dense layer has to keep four axes.
    const between = layer.kind === 'dense' && network.layers[index + 1]?.kind !== 'softmax';
    const kind = between ? 'pointwise' : layer.kind;
    const made = activation === 'linear' ? name : `${name} linear`;
    switch (kind) {
      case 'conv':
      case 'depthwise':
      case 'pointwise': {
        const { dims, values, biases } = convolutionWeights(layer, floats);
        const parameters = [tensor(`${name} weights`, dims, values), tensor(`${name} bias`, [biases.length], biases)];
        const group = int('group', kind === 'depthwise' ? biases.length : 1);
        activate(layer, node('Conv', [inputs[0]!, ...parameters], made, [...windows(layer), group]));
        break;
      }
      case 'dense': {
        const { shape, offset, biases } = layer.weights!;
        const count = shape[0]! * shape[1]!;
        const parameters = [
          tensor(`${name} weights`, shape, floats.subarray(offset, offset + count)),
          tensor(`${name} bias`, [biases], floats.subarray(offset + count, offset + count + biases)),
        ];
        const flat = node('Flatten', [inputs[0]!], `${name} flat`);
        activate(layer, node('Gemm', [flat, ...parameters], made));
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
  const value = (name: string, dims: readonly number[]) => ({
    name,
    type: { tensorType: { elemType: FLOAT, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
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
      input: [value('input', [1, 3, resolution, resolution])],
      output: [value(last.name, [1, 1000])],
    },
  });
  return onnx.ModelProto.encode(model).finish();
}

/** [size, size, in, out] → [out, in, size, size]; a depthwise layer's [size, size, channels] → [channels, 1, size, size]. */
function convolutionWeights({ kind, kernelSize, weights }: PeerLayer, floats: Float32Array) {
  const { shape, offset, biases } = weights!;
  const taps = kernelSize * kernelSize;
  const inner = kind === 'depthwise' ? 1 : shape.at(-2)!;
  const outer = shape.at(-1)!;
  const count = taps * inner * outer;
  const values = new Float32Array(count);
  for (let tap = 0, from = offset; tap < taps; tap++) {
    for (let input = 0; input < inner; input++) {
      for (let output = 0; output < outer; output++) values[(output * inner + input) * taps + tap] = floats[from++]!;
    }
  }
  return {
    dims: [outer, inner, kernelSize, kernelSize],
    values,
    biases: floats.subarray(offset + count, offset + count + biases),
  };
}
