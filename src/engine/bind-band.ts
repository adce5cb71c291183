import { type Band, type MakingKernel, rowBytes, windowRows } from './bands.js';
import { type Arguments, type NamedCall, orderCall, signatures } from './kernel-signatures.js';
import type { Kernels } from './kernels.js';

const FLOAT = 4;

/**
 * What runs a band's steps.
 * @param steps of the plan
 */
export function bindBand(
  band: Band,
  steps: readonly NamedCall[],
  kernels: Kernels,
  memory: ArrayBufferLike,
): () => void {
  const reader = steps[band.reader]!;
  const args = reader.args as Arguments<'depthwise_f32'>;
  const { inHeight, strideHeight, padTop, rowEnd, input } = args;
  const span = windowRows(args);
  const row = rowBytes(args);
  const makers = steps.slice(band.first, band.reader).map((step) => bindRows(step, inHeight, kernels));
  const read = bindRows(reader, inHeight, kernels);
  const bytes = new Uint8Array(memory);
  return () => {
    // The map's row at the top of the band, rows made, and rows of the reader's output.
    let [top, made, done] = [0, 0, 0];
    while (done < rowEnd) {
      const end = Math.min(made + band.rows, inHeight);
      for (const make of makers) make(made, end, top);
      const whole = Math.max(done, Math.floor((end + padTop - span) / strideHeight) + 1);
      const ready = end === inHeight ? rowEnd : Math.min(whole, rowEnd);
      read(done, ready, top);
      const next = Math.max(0, ready * strideHeight - padTop);
      bytes.copyWithin(input, input + (next - top) * row, input + (end - top) * row);
      [top, made, done] = [next, end, ready];
    }
  };
}

/** Rows `from` to `to` of what a step makes; `top` is the row of the map between that lies at the top of the band. */
type RunRows = (from: number, to: number, top: number) => void;

function bindRows(step: NamedCall, height: number, kernels: Kernels): RunRows {
  const call = kernels[step.kernel] as (...args: readonly number[]) => void;
  const args = [...orderCall(step).args];
  const names: readonly string[] = signatures[step.kernel];
  const moving = movingOf[step.kernel as MakingKernel](step.args, height).map((each) => ({
    ...{ start: 0, from: 0, to: 0, top: 0 },
    ...each,
    place: names.indexOf(each.name),
  }));
  return (from, to, top) => {
    for (const each of moving) args[each.place] = each.start + each.from * from + each.to * to + each.top * top;
    call(...args);
  };
}

/** An argument that depends on the rows: start + from · `from` + to · `to` + top · `top`, each 0 by default. */
type Moving = { readonly name: string } & { readonly [Term in 'start' | 'from' | 'to' | 'top']?: number };

/** By kernel that can be told to make some rows. @param height of the map between */
const movingOf: Readonly<
  Record<MakingKernel | 'depthwise_f32', (args: Readonly<Record<string, number>>, height: number) => readonly Moving[]>
> = {
  conv_f32: ({ output, outWidth, outChannels }) => [
    // The address of row 0 may lie before the memory: 32 bits wrap around.
    { name: 'output', start: output!, top: -outWidth! * outChannels! * FLOAT },
    { name: 'rowStart', from: 1 },
    { name: 'rowEnd', to: 1 },
  ],
  pointwise_half_f32({ output, input, residual, pixels, inChannels, outChannels }, height) {
    const width = pixels! / height;
    const [inRow, outRow] = [width * inChannels! * FLOAT, width * outChannels! * FLOAT];
    return [
      { name: 'output', start: output!, from: outRow, top: -outRow },
      { name: 'input', start: input!, from: inRow },
      { name: 'residual', start: residual!, from: residual === 0 ? 0 : outRow },
      { name: 'pixels', from: -width, to: width },
    ];
  },
  activate_f32({ output, input, count }, height) {
    const values = count! / height;
    const row = values * FLOAT;
    return [
      { name: 'output', start: output!, from: row, top: -row },
      { name: 'input', start: input!, from: row, top: -row },
      { name: 'count', from: -values, to: values },
    ];
  },
  depthwise_f32: ({ padTop, inHeight }) => [
    { name: 'rowStart', from: 1 },
    { name: 'rowEnd', to: 1 },
    { name: 'padTop', start: padTop!, top: 1 },
    { name: 'inHeight', start: inHeight!, top: -1 },
  ],
};
