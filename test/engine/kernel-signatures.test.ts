import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { callKernel, nameCall, orderCall, signatures } from '../../src/engine/kernel-signatures.js';
import { bindKernels, createMemory, loadKernels } from '../../src/engine/kernels.js';

/** Names of the parameters of each built kernel. */
function builtSignatures(): Map<string, string[]> {
  const declarations = readFileSync(new URL('../../build/kernels.d.ts', import.meta.url), 'utf8');
  const found = declarations.matchAll(/export function (\w+)\(([^)]*)\)/g);
  return new Map(
    [...found].map(([, name, parameters]) => [
      name!,
      parameters!.split(', ').map((parameter) => parameter.replace(/:.*/, '')),
    ]),
  );
}

describe('signatures', () => {
  it('have the names of the kernels’ own parameters, in their order', () => {
    const built = builtSignatures();
    for (const [kernel, names] of Object.entries(signatures)) expect(names, kernel).toEqual(built.get(kernel));
  });

  it('put arguments in order whatever the order of their names, and name them again', () => {
    const args = { max: 6, min: 5, count: 4, b: 3, a: 2, output: 1 };
    const call = { kernel: 'add_f32', args: [1, 2, 3, 4, 5, 6] } as const;
    expect(orderCall({ kernel: 'add_f32', args })).toEqual(call);
    expect(nameCall(call)).toEqual({ kernel: 'add_f32', args });
  });

  it('call a kernel', async () => {
    const kernels = await loadKernels();
    const memory = createMemory(kernels.constants.heapBase + 1024);
    const output = Math.ceil(kernels.constants.heapBase / 16) * 16;
    const input = output + 64;
    new Float32Array(memory.buffer, input, 8).set([-1, 0, 1, 2, 3, 4, 5, 6]);
    const args = { output, input, count: 8, min: 0, max: 4 };
    callKernel(bindKernels(kernels, memory), { kernel: 'clamp_f32', args });
    expect([...new Float32Array(memory.buffer, output, 8)]).toEqual([0, 0, 1, 2, 3, 4, 4, 4]);
  });
});
