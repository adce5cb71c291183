import { ModelError } from '../../errors/errors.js';
import { narrowToHalf, toFloat32 } from '../../weights/half.js';
import type { NamedTensors, Tensor } from '../../weights/types.js';
import { type IntegerLimits, type Levels, largestInteger, type ValueLevels } from './levels.js';

/** Names of a levels file: `VALUE/scale`, `VALUE/zero`, `VALUE/mean`, `VALUE/wide` and `VALUE/words` (where it is) and `VALUE/step`. */
export function nameLevels({ values, steps }: Levels): NamedTensors {
  const tensors = new Map<string, Tensor>();
  const put = (name: string, data: Tensor['data']) => tensors.set(name, { shape: [data.length], data });
  for (const [value, { scale, zero, mean, wide, inWords }] of values) {
    put(`${value}/scale`, scale);
    put(`${value}/zero`, wide ? zero : narrowToHalf(zero, value));
    put(`${value}/mean`, narrowToHalf(mean, value));
    if (wide) put(`${value}/wide`, Float32Array.of(1));
    if (inWords) put(`${value}/words`, Float32Array.of(1));
  }
  for (const [value, step] of steps) put(`${value}/step`, step);
  return tensors;
}

/**
 * The reverse of `nameLevels`.
 * @throws ModelError `levels-damaged` for a number that no calibration gives
 */
export function groupLevels(tensors: NamedTensors, where: string, limits: IntegerLimits): Levels {
  const values = new Map<string, ValueLevels>();
  const steps = new Map<string, Float32Array>();
  const damaged = (name: string, problem: string) =>
    new ModelError('levels-damaged', { where, problem: `${JSON.stringify(name)}: ${problem}` });
  const read = (name: string, isFine: (value: number) => boolean, expected: string): Float32Array => {
    const tensor = tensors.get(name);
    const data = tensor && toFloat32(tensor.data);
    if (!data?.every(isFine)) throw damaged(name, `expected ${expected}`);
    return data;
  };
  const isStep = (value: number) => value > 0 && value < Number.POSITIVE_INFINITY;
  for (const name of tensors.keys()) {
    const slash = name.lastIndexOf('/');
    const value = name.slice(0, slash);
    switch (name.slice(slash + 1)) {
      case 'step':
        steps.set(value, read(name, isStep, 'numbers above 0'));
        break;
      case 'scale': {
        const wide = tensors.has(`${value}/wide`);
        const most = largestInteger({ wide }, limits);
        const isLevel = (level: number) => Number.isInteger(level) && level >= 0 && level <= most;
        const scale = read(name, isStep, 'numbers above 0');
        const zero = read(`${value}/zero`, isLevel, `whole numbers from 0 to ${most}`);
        const mean = read(`${value}/mean`, Number.isFinite, 'finite numbers');
        if (zero.length !== scale.length || mean.length !== scale.length) {
          throw damaged(
            value,
            `${scale.length} scales, ${zero.length} zero points, ${mean.length} means, expected as many of each`,
          );
        }
        values.set(value, { scale, zero, mean, wide, ...(tensors.has(`${value}/words`) && { inWords: true }) });
        break;
      }
      case 'zero':
      case 'mean':
      case 'wide':
      case 'words':
        break;
      default:
        throw damaged(name, 'expected VALUE/scale or the like');
    }
  }
  return { values, steps };
}
