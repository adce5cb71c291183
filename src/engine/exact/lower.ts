import { elementAt } from '../../errors/element-at.js';
import type {
  QuantisedAdd,
  QuantisedConv,
  QuantisedDepthwise,
  QuantisedGraph,
  QuantisedLayer,
  QuantisedMap,
  QuantisedPool,
  QuantisedRescale,
  StoredRange,
} from '../../weights/quantised-graph.js';
import { align } from '../arena.js';
import type { KernelCall } from '../kernel-calls.js';
import type { KernelModule } from '../kernels.js';
import type { ExactConstants } from './constants.js';
import { clampInteger, multiplyFixed } from './multiplier.js';
import {
  chooseForm,
  depthwisePanelBytes,
  type ExactTarget,
  linearPanelBytes,
  type Panels,
  packDepthwise,
  packLinear,
  packMean,
  roundUp,
} from './pack.js';
import { ADD_SHIFT, multipliersOf } from './scales.js';
import { softmaxExponentials } from './softmax.js';

/** What lowering a layer asks for. */
export interface ExactContext {
  readonly graph: QuantisedGraph;
  readonly kernels: KernelModule;
  readonly constants: ExactConstants;
  /** Bytes of a pixel of a map: its channels, rounded up unless every reader takes them as they are. */
  storedChannels(map: number): number;
  /** Reserves memory for parameters, which `write` fills later; returns its address. */
  addParameters(bytes: number, write: (target: ExactTarget) => void): number;
  /** Names scratch memory of this layer, `bytes` for each thread. */
  scratch(bytes: number): { readonly value: string };
}

/** A layer with its maps. */
interface Subject<Layer extends QuantisedLayer = QuantisedLayer> {
  readonly layer: Layer;
  readonly context: ExactContext;
  readonly input: QuantisedMap;
  readonly output: QuantisedMap;
  readonly inStored: number;
  readonly outStored: number;
  readonly maps: { readonly output: { readonly value: string }; readonly input: { readonly value: string } };
}

/** Values of a byte. */
const BYTES = 256;

/** Name of a map's value in a plan. */
export function nameMap(map: number): string {
  return `map ${map}`;
}

/** What is added to a stored value to make it a byte without sign. */
export function shiftOf({ signed }: QuantisedMap): number {
  return signed ? 128 : 0;
}

/** The zero point as a byte. */
export function zeroOf(map: QuantisedMap): number {
  return map.zeroPoint + shiftOf(map);
}

/** @throws ModelError for scales that no multiplier holds */
export function lowerExact(layer: QuantisedLayer, context: ExactContext): KernelCall {
  const { graph } = context;
  const from = elementAt(layer.inputs, 0);
  const [input, output] = [elementAt(graph.maps, from), elementAt(graph.maps, layer.output)];
  const subject = {
    context,
    input,
    output,
    inStored: context.storedChannels(from),
    outStored: context.storedChannels(layer.output),
    maps: { output: { value: nameMap(layer.output) }, input: { value: nameMap(from) } },
  };
  switch (layer.kind) {
    case 'conv':
      return lowerConv({ ...subject, layer });
    case 'depthwise':
      return lowerDepthwise({ ...subject, layer });
    case 'add':
      return lowerAdd({ ...subject, layer });
    case 'rescale':
      return lowerRescale({ ...subject, layer });
    case 'mean':
      return lowerMean({ ...subject, layer });
    case 'averagePool':
    case 'maxPool':
      return lowerPool({ ...subject, layer });
    case 'softmax':
      return lowerSoftmax({ ...subject, layer });
    default:
      throw new Error(`no kernel for ${(layer satisfies never as QuantisedLayer).kind}`);
  }
}

/** Whether a convolution multiplies pixels as they lie, without windows. */
export function isBare({ kernelHeight, kernelWidth, stride, pads }: QuantisedConv): boolean {
  return kernelHeight === 1 && kernelWidth === 1 && stride === 1 && Object.values(pads).every((pad) => pad === 0);
}

function lowerConv(subject: Subject<QuantisedConv>): KernelCall {
  const { layer, context, input, output, inStored, outStored, maps } = subject;
  const { constants, kernels } = context;
  const { exact_scratch: scratchOf, exact_conv_scratch: convScratchOf } = kernels.exports;
  const { kernelHeight, kernelWidth, stride, pads } = layer;
  const { height: inHeight, width: inWidth, channels: inChannels } = input.shape;
  const form = chooseForm(layer, constants, true);
  const { format, weightZero } = form;
  const panels = panelsOf(subject, form);
  const bare = isBare(layer);
  const depth = bare ? inStored : roundUp(kernelHeight * kernelWidth * inChannels, constants);
  const bytes = (outStored / constants.channelTile) * linearPanelBytes(depth, form, constants);
  const weights = context.addParameters(bytes, (target) => packLinear(panels, depth, target, constants));
  const common = { ...maps, weights, outChannels: outStored, format, weightZero, ...outputOf(output, layer.range) };
  if (bare) {
    const pixels = inHeight * inWidth;
    const isPlain = format !== 0 && weightZero === 0;
    const scratchBytes = isPlain ? 0 : align(scratchOf(pixels, inStored, format));
    const scratch = isPlain ? 0 : context.scratch(scratchBytes);
    return {
      kernel: 'exact_pointwise_u8',
      args: { ...common, scratch, pixels, inChannels: inStored },
      scratchBytes,
    };
  }
  const { height: rowEnd, width: outWidth } = output.shape;
  const scratchBytes = align(convScratchOf(inChannels, depth, outWidth, format));
  const sizes = { inHeight, inWidth, pixelStride: inStored, inChannels, depth, outWidth, rowStart: 0, rowEnd };
  const window = { kernelHeight, kernelWidth, stride, padTop: pads.top, padLeft: pads.left };
  const scratch = context.scratch(scratchBytes);
  const args = { ...common, ...sizes, ...window, scratch, inZero: zeroOf(input) };
  return { kernel: 'exact_conv_u8', args, scratchBytes };
}

function lowerDepthwise(subject: Subject<QuantisedDepthwise>): KernelCall {
  const { layer, context, input, output, outStored: channels, maps } = subject;
  const { constants } = context;
  const { kernelHeight: kernelSize, stride, pads, range } = layer;
  const { height: inHeight, width: inWidth } = input.shape;
  const { height: rowEnd, width: outWidth } = output.shape;
  const form = chooseForm(layer, constants, false);
  const panels = panelsOf(subject, form);
  const panelBytes = (channels / constants.channelTile) * depthwisePanelBytes(kernelSize, form, constants);
  const rowBytes = inWidth * channels;
  const weights = context.addParameters(panelBytes + rowBytes, (target) => {
    packDepthwise(panels, target, constants);
    new Uint8Array(target.memory, target.address + panelBytes, rowBytes).fill(zeroOf(input));
  });
  const sizes = { inHeight, inWidth, channels, outWidth, rowStart: 0, rowEnd };
  const window = { kernelSize, stride, padTop: pads.top, padLeft: pads.left };
  const parameters = { weights, padding: weights + panelBytes, format: form.format };
  return {
    kernel: 'exact_depthwise_u8',
    args: { ...maps, ...parameters, ...sizes, ...window, ...outputOf(output, range) },
  };
}

function panelsOf<Layer extends QuantisedConv | QuantisedDepthwise>(
  { layer, context, input, output }: Subject<Layer>,
  form: Panels<Layer>['form'],
): Panels<Layer> {
  return {
    layer,
    form,
    channels: output.shape.channels,
    inZero: zeroOf(input),
    multipliers: multipliersOf(layer, context.graph),
    results: outputOf(output, layer.range),
  };
}

/** Each term is a function of one byte: a table. */
function lowerAdd({ layer, context, output, outStored, maps }: Subject<QuantisedAdd>): KernelCall {
  const { graph } = context;
  const multipliers = multipliersOf(layer, graph);
  const sum = elementAt(multipliers, 2);
  const terms = context.addParameters(2 * 4 * BYTES, ({ memory, address }) => {
    for (const [index, map] of layer.inputs.entries()) {
      const zero = zeroOf(elementAt(graph.maps, map));
      const multiplier = elementAt(multipliers, index);
      const table = new Int32Array(memory, address + index * 4 * BYTES, BYTES);
      for (let byte = 0; byte < BYTES; byte++) {
        table[byte] = multiplyFixed((byte - zero) * 2 ** ADD_SHIFT, multiplier);
      }
    }
  });
  const inputs = { a: maps.input, b: { value: nameMap(elementAt(layer.inputs, 1)) } };
  const count = output.shape.height * output.shape.width * outStored;
  const scale = { mantissa: sum.mantissa, right: -sum.shift };
  return {
    kernel: 'exact_add_u8',
    args: { output: maps.output, ...inputs, terms, count, ...scale, ...outputOf(output, layer.range) },
  };
}

function lowerMean({ layer, context, input, output, inStored, maps }: Subject): KernelCall {
  const { graph, constants } = context;
  const pixels = input.shape.height * input.shape.width;
  const multiplier = elementAt(multipliersOf(layer, graph), 0);
  const results = outputOf(output, typeRange(output));
  const address = context.addParameters(constants.headerBytes, (target) =>
    packMean(multiplier, pixels, { inZero: zeroOf(input), results }, target, constants),
  );
  const sizes = { pixels, channels: inStored };
  return {
    kernel: 'exact_mean_u8',
    args: { ...maps, constants: address, ...sizes, ...results },
  };
}

function lowerPool({ layer, input, output, inStored, maps }: Subject<QuantisedPool>): KernelCall {
  const { kernelHeight, kernelWidth, stride, pads, range } = layer;
  const { height: inHeight, width: inWidth } = input.shape;
  const { height: rowEnd, width: outWidth } = output.shape;
  const sizes = { inHeight, inWidth, channels: inStored, outWidth, rowStart: 0, rowEnd };
  const window = { kernelHeight, kernelWidth, stride, padTop: pads.top, padLeft: pads.left };
  const { min, max } = outputOf(output, range);
  const args = { ...maps, ...sizes, ...window, min, max };
  if (layer.kind === 'maxPool') return { kernel: 'exact_max_pool_u8', args };
  return { kernel: 'exact_average_pool_u8', args: { ...args, shift: shiftOf(output) } };
}

/** A function of one byte is a table. */
function lowerRescale({ layer, context, input, output, outStored, maps }: Subject<QuantisedRescale>): KernelCall {
  const multiplier = elementAt(multipliersOf(layer, context.graph), 0);
  const { min, max, outZero } = outputOf(output, layer.range);
  const zero = zeroOf(input);
  const table = context.addParameters(BYTES, ({ memory, address }) => {
    const bytes = new Uint8Array(memory, address, BYTES);
    for (let byte = 0; byte < BYTES; byte++) {
      bytes[byte] = clampInteger(multiplyFixed(byte - zero, multiplier) + outZero, min, max);
    }
  });
  const count = output.shape.height * output.shape.width * outStored;
  return { kernel: 'exact_look_up_u8', args: { ...maps, table, count } };
}

function lowerSoftmax({ layer, context, input, maps }: Subject): KernelCall {
  const values = softmaxExponentials(elementAt(multipliersOf(layer, context.graph), 0));
  const exponentials = context.addParameters(values.byteLength, ({ memory, address }) =>
    new Int32Array(memory, address, values.length).set(values),
  );
  return { kernel: 'exact_softmax_u8', args: { ...maps, exponentials, count: input.shape.channels } };
}

/** How a kernel is told of its results: their zero point and range, as bytes. */
function outputOf(output: QuantisedMap, [low, high]: StoredRange) {
  const shift = shiftOf(output);
  return { outZero: zeroOf(output), min: low + shift, max: high + shift };
}

function typeRange({ signed }: QuantisedMap): StoredRange {
  return signed ? [-128, 127] : [0, 255];
}
