import { quoted } from '../../../../errors/printable.js';
import type { Target } from '../../../graph/builder.js';
import { type ConstantValue, type MapValue, multiply, NO_PADS } from '../../../graph/value.js';
import {
  asMap,
  type KerasCall,
  type LayerHandler,
  mapInput,
  refuseLayer,
  showSetting,
  soleInput,
} from '../layer-handler.js';
import { variablesOf } from '../layer-variables.js';
import { applyActivation } from './activations.js';
import { readWindow } from './windows.js';

const POINT = { kernelSize: 1, stride: 1, pads: NO_PADS } as const;

export const convolution: LayerHandler = (call) => {
  const value = mapInput(call);
  const { graph, layer } = call;
  const kernel = graph.constant(layer, 'kernel', 4);
  const groups = layer.config.groups ?? 1;
  const [rows, columns, inner, outer] = kernel.dims as [number, number, number, number];
  if (typeof groups !== 'number' || !(groups >= 1) || inner * groups !== value.shape.channels || outer % groups !== 0) {
    throw graph.builder.damaged(
      `${quoted(kernel.name)} of ${kernel.dims.join('×')} in ${showSetting(groups)} groups over ${value.shape.channels} channels`,
    );
  }
  const window = readWindow(call, value, [rows, columns]);
  const layout = { shape: kernel.dims, strides: [columns * inner * outer, inner * outer, outer, 1] };
  const made = graph.builder.conv(value, kernel, layout, outer, window, sole(call), groups);
  return finishLinear(call, asMap(made));
};

export const depthwiseConvolution: LayerHandler = (call) => {
  return finishLinear(call, addDepthwise(call, mapInput(call), sole(call)));
};

export const separableConvolution: LayerHandler = (call) => {
  const { graph, layer, target } = call;
  const between = addDepthwise(call, mapInput(call), { ...sole(call), name: `${target.name}_depthwise` });
  const kernel = graph.constant(layer, 'pointwise_kernel', 4);
  const [rows, columns, inner, outer] = kernel.dims as [number, number, number, number];
  if (rows !== 1 || columns !== 1 || inner !== between.shape.channels) {
    throw graph.builder.damaged(
      `${quoted(kernel.name)} of ${kernel.dims.join('×')}, expected 1×1×${between.shape.channels}`,
    );
  }
  const layout = { shape: kernel.dims, strides: [inner * outer, inner * outer, outer, 1] };
  const pointwise = { ...sole(call), name: `${target.name}_pointwise` };
  return finishLinear(call, asMap(graph.builder.conv(between, kernel, layout, outer, POINT, pointwise)));
};

/** Over a row of values, or over the channels of each pixel of a map. */
export const dense: LayerHandler = (call) => {
  const value = soleInput(call);
  const { graph, layer, target } = call;
  const kernel = graph.constant(layer, 'kernel', 2);
  const [inputs, units] = kernel.dims as [number, number];
  const dims = [...value.dims.slice(0, -1), units];
  if (value.dims.at(-1) !== inputs) {
    throw graph.builder.damaged(
      `${quoted(kernel.name)} of ${kernel.dims.join('×')} over ${value.dims.join('×')} values`,
    );
  }
  const { channels } = value.shape;
  if (value.dims.length === 4 && channels === inputs) {
    const layout = { shape: [1, 1, inputs, units], strides: [inputs * units, inputs * units, units, 1] };
    const made = graph.builder.conv(value, kernel, layout, units, POINT, { ...sole(call), dims });
    return finishLinear(call, { ...made, dims });
  }
  if (value.dims.length !== 2 || multiply(value.dims) !== inputs) {
    throw refuseLayer(call, `reads a tensor of ${value.dims.join('×')}, expected a row of values or a map`);
  }
  const strides = { input: units, output: 1 };
  return finishLinear(call, graph.builder.dense(value, kernel, strides, units, { ...target, readers: 1, dims }));
};

/** For the steps within a layer: only the next of them reads what one makes. */
function sole({ target }: KerasCall): Target {
  return { ...target, readers: 1 };
}

function addDepthwise(call: KerasCall, value: MapValue, target: Target): MapValue {
  const { graph, layer } = call;
  const kernel: ConstantValue = graph.constant(layer, 'depthwise_kernel', 4);
  const [rows, columns, channels, multiplier] = kernel.dims as [number, number, number, number];
  if (channels !== value.shape.channels) {
    throw graph.builder.damaged(
      `${quoted(kernel.name)} of ${kernel.dims.join('×')} over ${value.shape.channels} channels`,
    );
  }
  const filters = channels * multiplier;
  const layout = { shape: [rows, columns, filters], strides: [columns * filters, filters, 1] };
  const window = readWindow(call, value, [rows, columns]);
  return asMap(graph.builder.depthwise(value, kernel, layout, window, target, multiplier));
}

/** The bias and the activation of a linear layer. */
function finishLinear(call: KerasCall, made: MapValue): MapValue {
  const { graph, layer, target } = call;
  const { channels } = made.shape;
  let value = made;
  if (variablesOf(layer).some(({ name }) => name === 'bias')) {
    const ones = new Array<number>(channels).fill(1);
    const bias = [...graph.numbers(layer, 'bias', channels)];
    value = graph.builder.affine(made, ones, bias, { ...target, readers: 1, dims: made.dims });
  }
  return applyActivation(call, { ...value, readers: 1 }, layer.config.activation, { ...target, dims: made.dims });
}
