/** A small graph-model: a convolution, a depthwise one with a batch norm, a quantised dense layer. */
export function makeTfjs(): { readonly model: Uint8Array; readonly shard: Uint8Array } {
  const text = (value: string) => ({ s: Buffer.from(value).toString('base64') });
  const list = (...values: number[]) => ({ list: { i: values.map(String) } });
  const window = (stride: number) => ({ strides: list(1, stride, stride, 1), padding: text('SAME') });
  const node = (name: string, op: string, input: string[] = [], attr: object = {}) => ({ name, op, input, attr });
  const weights = [
    { name: 'w1', shape: [3, 3, 3, 4], dtype: 'float32' },
    { name: 'b1', shape: [4], dtype: 'float32' },
    { name: 'w2', shape: [3, 3, 4, 1], dtype: 'float32', quantization: { dtype: 'float16' } },
    ...['g', 'h', 'm', 'v'].map((name) => ({ name, shape: [4], dtype: 'float32' })),
    { name: 'w3', shape: [4, 5], dtype: 'float32', quantization: { dtype: 'uint8', scale: 0.01, min: -1 } },
    { name: 'axes', shape: [2], dtype: 'int32' },
  ];
  const sizes = [-1, -1, -1, 3].map((size) => ({ size: String(size) }));
  const nodes = [
    ...weights.map(({ name }) => node(name, 'Const')),
    node('picture', 'Placeholder', [], { shape: { shape: { dim: sizes } } }),
    node('conv', '_FusedConv2D', ['picture', 'w1', 'b1'], {
      ...window(2),
      fused_ops: { list: { s: [text('BiasAdd').s, text('Relu6').s] } },
    }),
    node('deep', 'DepthwiseConv2dNative', ['conv', 'w2'], window(1)),
    node('norm', 'FusedBatchNormV3', ['deep', 'g', 'h', 'm', 'v'], { epsilon: { f: 0.001 } }),
    node('sum', 'AddV2', ['norm', 'conv']),
    node('mean', 'Mean', ['sum', 'axes'], { keep_dims: { b: false } }),
    node('logits', 'MatMul', ['mean', 'w3']),
    node('softmax', 'Softmax', ['logits']),
  ];
  const model = { modelTopology: { node: nodes }, weightsManifest: [{ paths: ['shard'], weights }] };
  const floats = (count: number) =>
    Buffer.from(Float32Array.from({ length: count }, (_, i) => ((i * 37) % 19) / 19).buffer);
  const halves = Buffer.from(Uint16Array.from({ length: 36 }, (_, i) => 0x3000 + 17 * i).buffer);
  const steps = Buffer.from(Array.from({ length: 20 }, (_, i) => 12 * i));
  const axes = Buffer.from(Int32Array.of(1, 2).buffer);
  const shard = Buffer.concat([floats(108 + 4), halves, floats(16), steps, axes]);
  return { model: new Uint8Array(Buffer.from(JSON.stringify(model))), shard: new Uint8Array(shard) };
}
