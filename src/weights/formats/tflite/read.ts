import type { Layer, Shape } from '../../../networks/types.js';
import { type ImportedModel, type InputQuantisation, nameAfterFile } from '../../graph/imported-model.js';
import { TfliteGraph, type TfliteTensor } from './graph.js';
import { operators } from './operators.js';
import { TENSOR_TYPE } from './schema.js';
import { firstName, Importer, type Value } from './tflite-importer.js';

/**
 * Reads a TFLite file as a network of this project's layers with f32 weights.
 *
 * Integer weights (UINT8 with one scale, INT8 with one for each output channel) become real numbers; where the file
 * computes in integers, layers are clipped to the values that those can represent, not rounded to them. Padding
 * becomes four numbers for each layer. A graph that ends in logits (a linear layer on a 1 × 1 map that may be
 * negative) gets a softmax; one that ends in pooling or an activation is a feature extractor and stays as it is.
 *
 * @param where the file's name, for messages and for the network's provisional id
 * @throws ModelError `weights-damaged` where the file contradicts itself, `operator-unsupported` (with the operator's
 * name) where it asks for something that the layers of `networks/types.ts` cannot say, `weights-format` for another
 * version of the schema
 */
export function readTflite(bytes: Uint8Array, where: string): ImportedModel {
  const graph = new TfliteGraph(bytes, where);
  refuseUnknownOperators(graph);
  const importer = new Importer(graph, bytes.length, findScope(graph));
  const inputTensor = graph.input();
  const input = importer.begin(inputTensor);
  let quantisedInput: TfliteTensor | undefined = inputTensor.quantisation && inputTensor;
  for (let index = 0; index < graph.operatorCount; index++) {
    const operation = graph.operation(index);
    operators.get(operation.name)!(importer, operation);
    if (operation.name === 'QUANTIZE' && operation.inputs[0] === inputTensor) quantisedInput ??= operation.outputs[0];
  }

  const value = importer.finish(graph.output());
  const layers = keepNeeded(importer.layers, value.layer);
  const last = layers.at(-1);
  if (last === undefined) throw graph.unsupported('no layer between input and output, expected at least one');
  const softmaxAdded = endsInLogits(last, value);
  if (softmaxAdded) layers.push(importer.makeSoftmax(last.name));
  const isProbability = isProbabilityLayer(layers.at(-1)!);
  const names = new Set(layers.map((layer) => layer.name));
  const { height, width, channels } = input.shape;
  const shape: Shape = value.flat
    ? { height: 1, width: 1, channels: value.shape.height * value.shape.width * value.shape.channels }
    : value.shape;
  return {
    format: 'tflite',
    where,
    network: { id: nameAfterFile(where), alpha: 1, classes: shape.channels, inputChannels: channels, layers },
    weights: new Map([...importer.weights].filter(([name]) => names.has(name))),
    inputShape: input.shape,
    inputResolution: { height, width },
    padding: 'tensorflow',
    inputQuantisation: quantisedInput && readInputQuantisation(quantisedInput),
    output: { shape, classes: shape.channels, isProbability, softmaxAdded },
    quantised: importer.quantised,
    inputIsPicture: (channels === 3 || channels === 1) && height > 1 && width > 1,
  };
}

/** First of all: of everything that can be wrong with a file this tells its user the most. */
function refuseUnknownOperators(graph: TfliteGraph): void {
  for (let index = 0; index < graph.operatorCount; index++) {
    const { name } = graph.operation(index);
    if (!operators.has(name)) {
      throw graph.unsupported(`operator ${name}, expected one of ${[...operators.keys()].join(', ')}`);
    }
  }
}

/** Layers that the output depends on, in their order. */
function keepNeeded(layers: readonly Layer[], output: string): Layer[] {
  const needed = new Set([output]);
  const kept = [...layers].reverse().filter((layer) => {
    if (!needed.has(layer.name)) return false;
    for (const name of layer.inputs) needed.add(name);
    return true;
  });
  return kept.reverse();
}

/** A quantised ReLU is a linear layer whose type begins at 0: features, not logits. */
function endsInLogits(last: Layer, { shape }: Value): boolean {
  const linear = last.kind === 'dense' || last.kind === 'pointwise' || last.kind === 'conv';
  if (!linear || shape.height !== 1 || shape.width !== 1 || shape.channels === 1) return false;
  return last.activation === 'linear' && !(last.range !== undefined && last.range[0] >= 0);
}

function isProbabilityLayer(layer: Layer): boolean {
  return layer.kind === 'softmax' || (layer.kind === 'activation' && layer.activation === 'sigmoid');
}

/** INT8 pixels are bytes less 128. */
function readInputQuantisation({ quantisation, type }: TfliteTensor): InputQuantisation | undefined {
  if (quantisation === undefined) return undefined;
  const offset = type === TENSOR_TYPE.int8 ? 128 : 0;
  return { scale: quantisation.scale(0), zeroPoint: quantisation.zeroPoint(0) + offset };
}

/** The folders that the names of all layers with weights share, such as `MobilenetV2/`. */
function findScope(graph: TfliteGraph): string {
  const names: string[][] = [];
  for (let index = 0; index < graph.operatorCount; index++) {
    const { name, outputs } = graph.operation(index);
    if (name === 'CONV_2D' || name === 'DEPTHWISE_CONV_2D') {
      names.push(
        firstName(outputs[0]?.name ?? '')
          .split('/')
          .slice(0, -1),
      );
    }
  }
  if (names.length < 2) return '';
  const [first, ...others] = names as [string[], ...string[][]];
  const different = first.findIndex((folder, depth) => others.some((folders) => folders[depth] !== folder));
  const shared = different === -1 ? first : first.slice(0, different);
  return shared.map((folder) => `${folder}/`).join('');
}
