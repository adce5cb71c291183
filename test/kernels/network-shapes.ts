import type { Arguments } from '../../src/engine/kernel-signatures.js';
import { loadKernels } from '../../src/engine/kernels.js';
import { plan } from '../../src/engine/plan.js';
import { buildNetwork } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';

/** The networks at their published sizes. */
export const networks = [
  ['mobilenet_v1', 224],
  ['mobilenet_v2', 224],
  ['xception', 299],
  ['efficientnet_b0', 224],
] as const;

/** A call of a kernel in a network's plan, without its addresses. */
export interface PlannedShape {
  readonly kernel:
    | 'pointwise_f32'
    | 'pointwise_strassen_f32'
    | 'conv_f32'
    | 'conv_direct_f32'
    | 'depthwise_f32'
    | 'max_pool_f32'
    | 'global_average_pool_f32';
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  /** 1, 1, 0, 0 where there is no window. */
  readonly kernelSize: number;
  readonly stride: number;
  readonly padTop: number;
  readonly padLeft: number;
  /** Rows of output that `conv_direct_f32` makes in one go; 0 for the others. */
  readonly chunkRows: number;
  readonly clamp: readonly [number, number];
  readonly residual: boolean;
}

/** Every call that a network's plan makes of the kernels that sum or compare, in order. */
export async function plannedShapes(id: string, resolution: number): Promise<PlannedShape[]> {
  const network = resolve(buildNetwork(id), { resolution, padding: 'tensorflow' });
  const { steps } = plan(network, await loadKernels());
  return steps.flatMap(({ kernel, args }): PlannedShape[] => {
    switch (kernel) {
      case 'pointwise_f32': {
        const map = flat(args.pixels, args.inChannels, args.outChannels);
        return [{ kernel, ...map, clamp: [args.min, args.max], residual: args.residual !== 0 }];
      }
      case 'pointwise_strassen_f32': {
        const map = flat(args.pixels, args.inChannels, args.channels);
        return [{ kernel, ...map, clamp: [args.min, args.max], residual: args.residual !== 0 }];
      }
      case 'conv_f32':
        return [{ kernel, ...windowed({ ...args, outHeight: args.rowEnd }) }];
      case 'conv_direct_f32':
        return [{ kernel, ...windowed({ ...args, outChannels: args.channels }), chunkRows: args.chunkRows }];
      case 'depthwise_f32':
      case 'max_pool_f32': {
        const { channels, rowEnd } = args;
        return [{ kernel, ...windowed({ ...args, outHeight: rowEnd, inChannels: channels, outChannels: channels }) }];
      }
      case 'global_average_pool_f32': {
        const map = flat(args.pixels, args.channels, args.channels);
        return [{ kernel, ...map, clamp: [-Infinity, Infinity], residual: false }];
      }
      default:
        return [];
    }
  });
}

/** A run of pixels as a map of one row. */
function flat(pixels: number, inChannels: number, outChannels: number) {
  const size = { inHeight: 1, inWidth: pixels, outHeight: 1, outWidth: pixels };
  return { ...size, inChannels, outChannels, kernelSize: 1, stride: 1, padTop: 0, padLeft: 0, chunkRows: 0 };
}

type Sizes = Pick<PlannedShape, 'inHeight' | 'inWidth' | 'inChannels' | 'outHeight' | 'outWidth' | 'outChannels'>;
type Windows = Arguments<'max_pool_f32'>;

function windowed(args: Sizes & Pick<Windows, 'kernelHeight' | 'strideHeight' | 'padTop' | 'padLeft' | 'min' | 'max'>) {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, padTop, padLeft, min, max } = args;
  const map = { inHeight, inWidth, inChannels, outHeight, outWidth, outChannels };
  const window = { kernelSize: args.kernelHeight, stride: args.strideHeight, padTop, padLeft, chunkRows: 0 };
  return { ...map, ...window, clamp: [min, max] as const, residual: false };
}

export function shapeName(shape: PlannedShape): string {
  const { kernel, inHeight, inWidth, inChannels, outChannels, kernelSize, stride, padTop, clamp, residual } = shape;
  const window = kernelSize > 1 || stride > 1 ? ` ${kernelSize}×${kernelSize} s${stride} pad ${padTop}` : '';
  const links = `${residual ? ' + residual' : ''} in ${clamp.join('…')}`;
  return `${kernel}${window} ${inHeight}×${inWidth}×${inChannels} → ${outChannels}${links}`;
}
