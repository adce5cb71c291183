import { damagedWeights, ModelError } from '../../../errors/errors.js';
import { PickleClass, type PickleFunction, type PickleValue } from './pickle-values.js';
import { rebuildTensor, STORAGE_TYPES, TensorView } from './storage.js';

/** What to do about a file that holds more than weights. */
export const SAVE_WEIGHTS =
  "save the weights alone (torch.save(model.state_dict(), 'weights.pth')) or export the model: torch.onnx.export(…)";

/** Modules that no model's data needs: a file that names them wants something done. */
const DANGEROUS_MODULES = new Set([
  ...['os', 'posix', 'nt', 'subprocess', 'sys', 'importlib', 'runpy', 'shutil', 'socket', 'pty', 'commands', 'ctypes'],
  ...['webbrowser', 'platform', 'code', 'codeop', 'pdb', 'bdb', 'timeit', 'profile', 'cProfile', 'pickle', '_pickle'],
  ...['marshal', 'multiprocessing', 'asyncio', 'http', 'urllib', 'ftplib', 'smtplib', 'tempfile', 'signal'],
  ...[
    'threading',
    'operator',
    'inspect',
    'pip',
    'linecache',
    'venv',
    'idlelib',
    'torch.hub',
    'torch.utils.cpp_extension',
  ],
]);
/** Of Python's own: types, whose values are data. */
const BUILTIN_TYPES = new Set([
  ...['set', 'frozenset', 'list', 'dict', 'tuple', 'int', 'float', 'bool', 'str', 'bytes', 'bytearray', 'complex'],
  ...['slice', 'range', 'object', 'long', 'unicode'],
]);
const BUILTIN_MODULES = new Set(['builtins', '__builtin__']);
/** Of torch itself: what lies in checkpoints beside tensors. */
const TORCH_VALUES = /^(device|Size|Generator|dtype|layout|strided|contiguous_format|channels_last|preserve_format)$/;
const TORCH_TYPES = /^(float|double|half|bfloat16|u?int(8|16|32|64)?|long|short|bool|float(16|32|64)|complex(64|128))$/;

/**
 * What the names in a pickle stand for. Tensors are rebuilt; every other name is a mark, and what is made of it holds
 * its arguments as data (numbers of numpy, paths, settings, a model's modules). Nothing is looked up or executed; names
 * that would only be there to run something are refused.
 */
export function torchGlobals(where: string): (name: string) => PickleFunction | object {
  const known = knownGlobals(where);
  return (name) => {
    const value = known.get(name);
    if (value !== undefined) return value;
    if (!isHarmless(name)) throw refuseGlobal(name, where);
    return new PickleClass(name);
  };
}

/** For pickles that have nothing but plain values. */
export function noGlobals(where: string): (name: string) => never {
  return (name) => {
    throw refuseGlobal(name, where);
  };
}

function refuseGlobal(name: string, where: string): ModelError {
  const shown = JSON.stringify(name.replace(' ', '.').slice(0, 200));
  return new ModelError('weights-unsafe', { where, problem: `names the Python object ${shown}`, remedy: SAVE_WEIGHTS });
}

function isHarmless(name: string): boolean {
  const [module = '', object = ''] = name.split(' ');
  const parts = module.split('.');
  if (parts.some((_, end) => DANGEROUS_MODULES.has(parts.slice(0, end + 1).join('.')))) return false;
  if (!/^[A-Za-z_]\w*$/.test(object)) return false;
  if (BUILTIN_MODULES.has(module)) return BUILTIN_TYPES.has(object);
  if (module === 'torch') return TORCH_VALUES.test(object) || TORCH_TYPES.test(object);
  // Tensors of a kind that is not known (quantised, sparse) must not be taken for settings.
  return !/^_?rebuild|Storage$/.test(object);
}

function knownGlobals(where: string): ReadonlyMap<string, PickleFunction | object> {
  const makeDictionary: PickleFunction = () => new Map();
  const firstOf: PickleFunction = ([first = null]) => first;
  const parameter: PickleFunction = (args) => rebuildParameter(args, where);
  const globals = new Map<string, PickleFunction | object>([
    ['collections OrderedDict', (args: readonly PickleValue[]) => orderedDictionary(args, where)],
    ['collections defaultdict', makeDictionary],
    ['torch._utils _rebuild_tensor', (args: readonly PickleValue[]) => rebuildTensor(args, where)],
    ['torch._utils _rebuild_tensor_v2', (args: readonly PickleValue[]) => rebuildTensor(args, where)],
    ['torch._utils _rebuild_parameter', parameter],
    ['torch._utils _rebuild_parameter_with_state', parameter],
    ['torch._tensor _rebuild_from_type_v2', (args: readonly PickleValue[]) => rebuildSubclass(args, where)],
    // What TorchScript writes for lists and types.
    ['torch.jit._pickle build_intlist', firstOf],
    ['torch.jit._pickle build_doublelist', firstOf],
    ['torch.jit._pickle build_boollist', firstOf],
    ['torch.jit._pickle build_tensorlist', firstOf],
    ['torch.jit._pickle restore_type_tag', firstOf],
  ]);
  for (const type of STORAGE_TYPES) {
    globals.set(`torch ${type.name}`, type);
    // Where the tensor lay when it was saved does not matter.
    globals.set(`torch.cuda ${type.name}`, type);
  }
  return globals;
}

function orderedDictionary(args: readonly PickleValue[], where: string): PickleValue {
  if (args.length > 0) throw damagedWeights(where, 'a dictionary made from arguments');
  return new Map();
}

/** (tensor, requires_grad, backward_hooks[, state]) */
function rebuildParameter(args: readonly PickleValue[], where: string): TensorView {
  if (!(args[0] instanceof TensorView)) throw damagedWeights(where, 'a parameter without a tensor');
  return args[0];
}

/** (function, type, its arguments, state) */
function rebuildSubclass([rebuild, , args]: readonly PickleValue[], where: string): PickleValue {
  if (typeof rebuild !== 'function' || !Array.isArray(args))
    throw damagedWeights(where, 'a tensor of a kind not known here');
  return (rebuild as PickleFunction)(args);
}
