import type { KerasLayer, KerasModel } from './model-config.js';

const DEFAULT_SIDE = 224;

/** [1, height, width, channels] of a model's only input; sides that are left open are `resolution`. */
export function readInputDims(model: KerasModel, resolution = DEFAULT_SIDE): readonly number[] | undefined {
  for (let within: KerasModel | undefined = model; within !== undefined; ) {
    const name: string | undefined = within.inputs[0]?.layer;
    const first: KerasLayer | undefined = within.layers.find((layer) => layer.name === name);
    const { config } = first ?? {};
    const shape = config?.batch_input_shape ?? config?.batch_shape ?? withBatch(config?.input_shape);
    const stated = shape ?? within.config.build_input_shape ?? first?.buildShape;
    if (Array.isArray(stated) && stated.length > 1) {
      return stated.map((size: unknown, axis) => {
        if (axis === 0) return 1;
        if (typeof size === 'number') return size;
        return axis < 3 ? resolution : Number.NaN;
      });
    }
    // A model within the model knows.
    within = first?.model;
  }
  return undefined;
}

function withBatch(shape: unknown): readonly unknown[] | undefined {
  if (!Array.isArray(shape)) return undefined;
  return shape.length === 3 ? [null, ...(shape as unknown[])] : (shape as unknown[]);
}
