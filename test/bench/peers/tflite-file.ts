import { type LayerKind, NETWORK_INPUT } from '../../../src/networks/types.js';
import {
  ARITHMETIC_OPTIONS,
  CONV_OPTIONS,
  DEPTHWISE_OPTIONS,
  FULLY_CONNECTED_OPTIONS,
  OPTIONS_TYPE,
  PADDING_SAME,
  PADDING_VALID,
  POOL_OPTIONS,
  SOFTMAX_OPTIONS,
} from '../../../src/weights/formats/tflite/schema.js';
import { kindForPeers, layerWeights, type NetworkFile, type PeerLayer } from './network-file.js';
import { chooseMapScale, quantiseWeights, type Ranges } from './quantise.js';
import { type Flatbuffers, float32, int8, int32, type TensorScales, TfliteWriter } from './tflite-writer.js';

/** By TFLite's numbers. */
const FUSED: Readonly<Record<string, number>> = { linear: 0, relu: 1, relu6: 3 };
/** ReducerOptions, and its only field. */
const REDUCER_OPTIONS = 27;
const KEEP_DIMENSIONS = 0;
/** TFLite wants the output of a logistic function at this scale and zero point. */
const LOGISTIC_SCALES: TensorScales = { scales: [1 / 256], zeroPoint: -128 };

/**
 * The network as a TFLite file, NHWC: batch norm folded, activations fused where the format can. It takes and gives floats.
 * @param ranges of all maps, as named in the ONNX file: given, all between the picture and the softmax is int8
 */
export function writeTflite(
  flatbuffers: Flatbuffers,
  network: NetworkFile,
  floats: Float32Array,
  ranges?: Ranges,
): Uint8Array {
  const writer = new TfliteWriter();
  const scalesOf = new Map<string, TensorScales>();
  const map = (name: string, shape: readonly number[], scales = ranges && scalesOfRange(ranges[name]!)): string => {
    if (scales) scalesOf.set(name, scales);
    return writer.map(name, [1, ...shape], scales);
  };
  const { resolution } = network;
  const picture = [resolution, resolution, 3];
  if (ranges) {
    writer.map('picture', [1, ...picture]);
    writer.operator('QUANTIZE', ['picture'], map(NETWORK_INPUT, picture));
  } else {
    map(NETWORK_INPUT, picture);
  }

  /** What a window reads, padded where TFLite's own rules would pad otherwise, and the rule for the rest. */
  const pad = ({ name, same, pads }: PeerLayer, input: string, [height, width, channels]: PeerLayer['shape']) => {
    const [top, bottom, left, right] = pads;
    if (same || top + bottom + left + right === 0) return { input, padding: same ? PADDING_SAME : PADDING_VALID };
    const amounts = writer.constant(`${name} pads`, [4, 2], Int32Array.of(0, 0, top, bottom, left, right, 0, 0));
    const padded = [height + top + bottom, width + left + right, channels];
    const output = map(`${name} padded`, padded, scalesOf.get(input));
    writer.operator('PAD', [input, amounts], output);
    return { input: output, padding: PADDING_VALID };
  };
  /** Filter and bias. TFLite has the output channel first, of depthwise layers last. */
  const parameters = (layer: PeerLayer, kind: LayerKind, input: string): string[] => {
    const { name, kernelSize } = layer;
    const { values, bias } = layerWeights(layer, floats);
    const outer = bias.length;
    const inner = values.length / outer;
    const last = kind === 'depthwise';
    const ordered = last
      ? values
      : values.map((_, index) => values[(index % inner) * outer + Math.floor(index / inner)]!);
    const sides = [kernelSize, kernelSize];
    const taps = kernelSize * kernelSize;
    const ofOthers = kind === 'dense' ? [outer, inner] : [outer, ...sides, inner / taps];
    const shape = last ? [1, ...sides, outer] : ofOthers;
    const scales = scalesOf.get(input);
    if (!scales) {
      return [writer.constant(`${name} weights`, shape, ordered), writer.constant(`${name} bias`, [outer], bias)];
    }
    const inputScale = scales.scales[0]!;
    const channelOf = (index: number) => (last ? index % outer : Math.floor(index / inner));
    const stored = quantiseWeights(ordered, bias, inputScale, channelOf);
    const ofWeights = { scales: stored.scales, zeroPoint: 0, axis: last ? 3 : 0 };
    const ofBias = { scales: stored.scales.map((scale) => scale * inputScale), zeroPoint: 0 };
    return [
      writer.constant(`${name} weights`, shape, stored.values, ofWeights),
      writer.constant(`${name} bias`, [outer], stored.bias, ofBias),
    ];
  };
  /** An activation that the operator before cannot do itself. */
  const activate = ({ name, activation, shape }: PeerLayer, from: string): void => {
    if (activation === 'relu') writer.operator('RELU', [from], map(name, shape));
    else if (activation === 'relu6') writer.operator('RELU6', [from], map(name, shape));
    else {
      const curve = map(activation === 'swish' ? `${name} sigmoid` : name, shape, ranges && LOGISTIC_SCALES);
      writer.operator('LOGISTIC', [from], curve);
      const options = { [ARITHMETIC_OPTIONS.activation]: int8(0) };
      if (activation === 'swish')
        writer.operator('MUL', [from, curve], map(name, shape), OPTIONS_TYPE.multiply, options);
    }
  };

  const shapes = new Map<string, PeerLayer['shape']>([[NETWORK_INPUT, [resolution, resolution, 3]]]);
  for (const [index, layer] of network.layers.entries()) {
    const { name, inputs, activation, shape, stride, kernelSize } = layer;
    shapes.set(name, shape);
    const kind = kindForPeers(network, index);
    const [first] = inputs as [string];
    const fused = FUSED[activation];
    const activationField = int8(fused ?? 0);
    const made = (dims: readonly number[] = shape) => map(fused === undefined ? `${name} linear` : name, dims);
    const finish = () => fused === undefined && activate(layer, `${name} linear`);
    switch (kind) {
      case 'depthwise':
      case 'conv':
      case 'pointwise':
      case 'dense': {
        if (kind === 'dense') {
          const options = { [FULLY_CONNECTED_OPTIONS.activation]: activationField };
          const read = [first, ...parameters(layer, kind, first)];
          writer.operator('FULLY_CONNECTED', read, made([shape[2]]), OPTIONS_TYPE.fullyConnected, options);
        } else {
          const slots = kind === 'depthwise' ? DEPTHWISE_OPTIONS : CONV_OPTIONS;
          const { input, padding } = pad(layer, first, shapes.get(first)!);
          const read = [input, ...parameters(layer, kind, input)];
          const operator = kind === 'depthwise' ? 'DEPTHWISE_CONV_2D' : 'CONV_2D';
          const optionsType = kind === 'depthwise' ? OPTIONS_TYPE.depthwise : OPTIONS_TYPE.conv;
          writer.operator(operator, read, made(), optionsType, {
            [slots.padding]: int8(padding),
            [slots.strideW]: int32(stride),
            [slots.strideH]: int32(stride),
            [slots.activation]: activationField,
            [slots.dilationW]: int32(1),
            [slots.dilationH]: int32(1),
            ...(kind === 'depthwise' && { [DEPTHWISE_OPTIONS.depthMultiplier]: int32(1) }),
          });
        }
        finish();
        break;
      }
      case 'add':
      case 'scale': {
        const [operator, optionsType] = kind === 'add' ? ['ADD', OPTIONS_TYPE.add] : ['MUL', OPTIONS_TYPE.multiply];
        writer.operator(operator as string, inputs, map(name, shape), optionsType as number, {
          [ARITHMETIC_OPTIONS.activation]: int8(0),
        });
        break;
      }
      case 'activation':
        activate(layer, first);
        break;
      case 'maxPool': {
        const { input, padding } = pad(layer, first, shapes.get(first)!);
        writer.operator('MAX_POOL_2D', [input], map(name, shape, scalesOf.get(input)), OPTIONS_TYPE.pool, {
          [POOL_OPTIONS.padding]: int8(padding),
          [POOL_OPTIONS.strideW]: int32(stride),
          [POOL_OPTIONS.strideH]: int32(stride),
          [POOL_OPTIONS.filterW]: int32(kernelSize),
          [POOL_OPTIONS.filterH]: int32(kernelSize),
        });
        break;
      }
      case 'globalAveragePool': {
        const axes = writer.constant(`${name} axes`, [2], Int32Array.of(1, 2));
        writer.operator('MEAN', [first, axes], map(name, shape), REDUCER_OPTIONS, { [KEEP_DIMENSIONS]: int8(1) });
        break;
      }
      case 'softmax': {
        const logits = ranges ? writer.map('logits', [1, shape[2]]) : first;
        if (ranges) writer.operator('DEQUANTIZE', [first], logits);
        const output = writer.map(name, [1, shape[2]]);
        writer.operator('SOFTMAX', [logits], output, OPTIONS_TYPE.softmax, { [SOFTMAX_OPTIONS.beta]: float32(1) });
        break;
      }
      default:
        throw new Error(`no operator for ${kind}`);
    }
  }
  return writer.finish(flatbuffers);
}

function scalesOfRange(range: Ranges[string]): TensorScales {
  const { scale, zeroPoint } = chooseMapScale(range);
  return { scales: [scale], zeroPoint: zeroPoint - 128 };
}
