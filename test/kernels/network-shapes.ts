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
        const [, , , residual, pixels, inChannels, outChannels, min, max] = args as number[];
        const map = flat(pixels!, inChannels!, outChannels!);
        return [{ kernel, ...map, clamp: [min!, max!], residual: residual !== 0 }];
      }
      case 'conv_f32': {
        const [height, width, channels, outWidth, outChannels, , outHeight, ...window] = args.slice(4) as number[];
        const [size, , stride, , , , padTop, padLeft, ...clamp] = window;
        const square = [size!, stride!, padTop!, padLeft!, ...clamp];
        return [{ kernel, ...windowed([height!, width!, channels!], [outHeight!, outWidth!, outChannels!], square) }];
      }
      case 'conv_direct_f32': {
        const [height, width, channels, outHeight, outWidth, outChannels, , , chunkRows, ...window] = args.slice(
          4,
        ) as number[];
        const [size, , stride, , , , padTop, padLeft, , , , ...clamp] = window;
        const square = [size!, stride!, padTop!, padLeft!, ...clamp];
        const map = windowed([height!, width!, channels!], [outHeight!, outWidth!, outChannels!], square);
        return [{ kernel, ...map, chunkRows: chunkRows! }];
      }
      case 'depthwise_f32':
      case 'max_pool_f32': {
        const sizes = args.slice(kernel === 'depthwise_f32' ? 3 : 2) as number[];
        const [height, width, channels, outWidth, , outHeight, size, , stride, ...rest] = sizes;
        const square = [size!, stride!, ...rest.slice(kernel === 'depthwise_f32' ? 3 : 1)];
        return [{ kernel, ...windowed([height!, width!, channels!], [outHeight!, outWidth!, channels!], square) }];
      }
      case 'global_average_pool_f32': {
        const [, , pixels, channels] = args as number[];
        return [{ kernel, ...flat(pixels!, channels!, channels!), clamp: [-Infinity, Infinity], residual: false }];
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

function windowed(
  [inHeight, inWidth, inChannels]: [number, number, number],
  [outHeight, outWidth, outChannels]: [number, number, number],
  [kernelSize, stride, padTop, padLeft, min, max]: number[],
) {
  const map = { inHeight, inWidth, inChannels, outHeight, outWidth, outChannels };
  const window = { kernelSize: kernelSize!, stride: stride!, padTop: padTop!, padLeft: padLeft!, chunkRows: 0 };
  return { ...map, ...window, clamp: [min!, max!] as const, residual: false };
}

export function shapeName(shape: PlannedShape): string {
  const { kernel, inHeight, inWidth, inChannels, outChannels, kernelSize, stride, padTop, clamp, residual } = shape;
  const window = kernelSize > 1 || stride > 1 ? ` ${kernelSize}×${kernelSize} s${stride} pad ${padTop}` : '';
  const links = `${residual ? ' + residual' : ''} in ${clamp.join('…')}`;
  return `${kernel}${window} ${inHeight}×${inWidth}×${inChannels} → ${outChannels}${links}`;
}
