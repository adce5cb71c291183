import { ModelError } from '../../../errors/errors.js';
import { SAVE_WEIGHTS } from './globals.js';
import { PickleObject, type PickleValue } from './pickle-values.js';
import { TensorView } from './storage.js';

/** A network's class, and the classes of the modules that it is made of: those that a state dictionary implies. */
interface Architecture {
  readonly network: RegExp;
  readonly parts: ReadonlySet<string>;
  /** Modules without parameters that compute something; only in the features. */
  readonly activations: ReadonlySet<string>;
}

const COMMON = ['Conv2d', 'BatchNorm2d', 'Linear', 'Dropout', 'Identity', 'Sequential', 'Conv2dNormActivation'];

const ARCHITECTURES: readonly Architecture[] = [
  {
    network: /^torchvision\.models\.mobilenet(v2)?\.MobileNetV2$/,
    parts: new Set([...COMMON, 'ConvBNReLU', 'ConvBNActivation', 'ConvNormActivation', 'InvertedResidual']),
    activations: new Set(['ReLU6']),
  },
  {
    network: /^torchvision\.models\.efficientnet\.EfficientNet$/,
    parts: new Set([
      ...[...COMMON, 'ConvNormActivation', 'MBConv', 'SqueezeExcitation', 'StochasticDepth', 'AdaptiveAvgPool2d'],
    ]),
    activations: new Set(['SiLU', 'Sigmoid']),
  },
];

/** Around a network, without effect on what it computes. */
const WRAPPERS =
  /^torch\.(nn\.parallel\.(data_parallel\.DataParallel|distributed\.DistributedDataParallel)|_dynamo\.eval_frame\.OptimizedModule)$/;

const MAX_DEPTH = 32;

/**
 * The tensors of a model that was saved as a whole (`torch.save(model)`, TorchScript), by the names that its state
 * dictionary would have. Only of networks whose classes are known: what a class of somebody's own computes is code, and
 * code is not looked at.
 * @throws ModelError `weights-unsafe` for any other
 */
export function readModule(root: PickleObject, where: string): ReadonlyMap<string, TensorView> {
  const network = unwrap(root);
  const className = classOf(network);
  const architecture = ARCHITECTURES.find((each) => each.network.test(className));
  const views = new Map<string, TensorView>();
  const strange = architecture === undefined ? className : gather(network, '', architecture, views, 0);
  if (strange !== undefined) {
    throw new ModelError('weights-unsafe', {
      where,
      problem: `a whole model with the class ${JSON.stringify(strange.slice(0, 120))}, whose code is not executed`,
      remedy: SAVE_WEIGHTS,
    });
  }
  return views;
}

function unwrap(object: PickleObject): PickleObject {
  let inner = object;
  for (let depth = 0; depth < MAX_DEPTH && WRAPPERS.test(classOf(inner)); depth++) {
    const children = childrenOf(inner);
    const next = children.get('module') ?? children.get('_orig_mod');
    if (!(next instanceof PickleObject)) break;
    inner = next;
  }
  return inner;
}

/** `__torch__.torch.nn.modules.conv.___torch_mangle_3.Conv2d` is torch's own Conv2d. */
function classOf({ className }: PickleObject): string {
  return className
    .replace(' ', '.')
    .replace(/^__torch__\./, '')
    .replace(/___torch_mangle_\d+\./g, '');
}

/** Adds the tensors of a module and those within; gives the name of a class that does not belong there. */
function gather(
  module: PickleObject,
  prefix: string,
  architecture: Architecture,
  views: Map<string, TensorView>,
  depth: number,
): string | undefined {
  const className = classOf(module);
  const name = className.slice(className.lastIndexOf('.') + 1);
  const isOwn = className.startsWith('torch.nn.modules.') || className.startsWith('torchvision.');
  const isActivation = architecture.activations.has(name) && prefix.startsWith('features.');
  const isPart = architecture.parts.has(name) || architecture.network.test(className) || isActivation;
  if (!isOwn || !isPart || depth > MAX_DEPTH) return className;
  for (const [key, child] of childrenOf(module)) {
    if (child instanceof TensorView) views.set(`${prefix}${key}`, child);
    else if (child instanceof PickleObject) {
      const strange = gather(child, `${prefix}${key}.`, architecture, views, depth + 1);
      if (strange !== undefined) return strange;
    }
  }
  return undefined;
}

/** Parameters, buffers and modules: of an eager module in dictionaries of their own, of TorchScript all attributes. */
function childrenOf({ state, className }: PickleObject): ReadonlyMap<string, PickleValue> {
  const children = new Map<string, PickleValue>();
  if (!(state instanceof Map)) return children;
  const isScript = className.startsWith('__torch__');
  const dictionaries = isScript ? [state] : ['_parameters', '_buffers', '_modules'].map((key) => state.get(key));
  for (const dictionary of dictionaries) {
    if (!(dictionary instanceof Map)) continue;
    for (const [key, value] of dictionary) if (typeof key === 'string' && value !== null) children.set(key, value);
  }
  return children;
}
