/**
 * npx tsx scripts/print-plan.ts NETWORK [--alpha A] [--res R]: the plan of a network in floats, step by step.
 */
import { parseArgs } from 'node:util';
import { loadKernels } from '../src/engine/kernels.js';
import { plan } from '../src/engine/plan.js';
import { buildNetwork, findNetwork } from '../src/networks/index.js';
import { resolve } from '../src/networks/resolve.js';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { alpha: { type: 'string', default: '1' }, res: { type: 'string' } },
});
const [id = 'mobilenet_v2'] = positionals;
const resolution = Number(values.res ?? findNetwork(id).defaultResolution);
const network = resolve(buildNetwork(id, { alpha: Number(values.alpha) }), { resolution });
const { memoryBytes, arenaAddress, steps } = plan(network, await loadKernels());

console.log(`${id} · ${steps.length} steps · ${memoryBytes} bytes, activations from byte ${arenaAddress} on`);
for (const { layer, kernel, args } of steps) {
  const named = Object.entries(args).map(([name, value]) => `${name}=${value}`);
  console.log(`${layer.padEnd(32)} ${kernel.padEnd(24)} ${named.join(' ')}`);
}
