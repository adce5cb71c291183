import { ModelError } from '../../../errors/errors.js';
import { SAVE_WEIGHTS } from './globals.js';
import { type PickleObject, type PickleValue, PickleObject as SavedObject } from './pickle-values.js';
import { TensorView } from './storage.js';
import { readModule } from './whole-model.js';

export type NamedViews = ReadonlyMap<string, TensorView>;

/** A set of weights somewhere in a checkpoint. */
interface Candidate {
  /** The keys that lead to it. */
  readonly path: readonly string[];
  readonly views: NamedViews;
  /** Tensors of two dimensions or more. */
  readonly weights: number;
}

/** How deep weights are looked for: `checkpoint['learner']['model']['state_dict']`. */
const MAX_DEPTH = 4;
const MAX_ENTRIES = 20_000;

/** What training leaves beside a model, and what is no model either. */
const TRAINING_STATE =
  /^(opt|.*optim.*|.*sched.*|amp|.*scaler.*|.*rng.*|random.*|callbacks|loops|.*hyper_?param.*|hparams|args|config|cfg|criterion|.*loss.*|history|.*grad.*|.*momentum.*)$/i;

/** Names of a model's own weights, the most usual first. */
const USUAL = [
  'state_dict',
  'model_state_dict',
  'model_state',
  'model',
  'net',
  'network',
  'module',
  'weights',
  'params',
];
/** Averages of the weights, kept beside them. */
const AVERAGED = /ema|averag|swa/i;

/**
 * The tensors of one model in what a file holds: a state dictionary, or one inside of a training checkpoint. Of several
 * sets the one under a usual name; averages only where nothing else is there. Sets are never mixed.
 * @throws ModelError where there is none, or no telling which one is meant
 */
export function findStateDictionary(root: PickleValue, where: string): NamedViews {
  if (root instanceof SavedObject) return readModule(root, where);
  const candidates: Candidate[] = [];
  const objects: PickleObject[] = [];
  collect(root, [], candidates, objects, new Set());
  const largest = Math.max(0, ...candidates.map(({ weights }) => weights));
  // A confusion matrix beside the weights is no model.
  const serious = candidates.filter(({ weights }) => 2 * weights > largest);
  const [object] = objects;
  if (serious.length === 0 && object !== undefined) return readModule(object, where);
  const [first, ...others] = serious.toSorted((a, b) => rankOf(a) - rankOf(b));
  if (first === undefined) {
    throw new ModelError('weights-damaged', {
      where,
      problem: 'no tensors by name',
      expected: 'a state dictionary of a network',
      remedy: SAVE_WEIGHTS,
    });
  }
  const rival = others.find((other) => rankOf(other) === rankOf(first));
  if (rival !== undefined) {
    throw new ModelError('weights-unknown', {
      where,
      problem: `holds several sets of weights (${[first, rival].map(({ path }) => JSON.stringify(path.join('.'))).join(' and ')})`,
      remedy: `save the one that is meant: torch.save(checkpoint${first.path.map((key) => `['${key}']`).join('')}, 'weights.pth')`,
    });
  }
  return first.views;
}

function rankOf({ path }: Candidate): number {
  const name = path.at(-1) ?? '';
  if (path.some((key) => AVERAGED.test(key))) return USUAL.length + 2;
  const rank = path.length === 0 ? -1 : USUAL.indexOf(name);
  return rank === -1 && path.length > 0 ? USUAL.length + 1 : rank;
}

function collect(
  value: PickleValue,
  path: readonly string[],
  candidates: Candidate[],
  objects: PickleObject[],
  seen: Set<PickleValue>,
): void {
  if (value instanceof SavedObject && value.state !== null && path.length > 0) objects.push(value);
  const entries = value instanceof SavedObject ? value.items : value;
  if (!(entries instanceof Map) || seen.has(entries) || path.length > MAX_DEPTH || seen.size > MAX_ENTRIES) return;
  seen.add(entries);
  const views = new Map<string, TensorView>();
  for (const [key, item] of entries) {
    if (typeof key !== 'string') continue;
    if (item instanceof TensorView) views.set(key, item);
    else if (!TRAINING_STATE.test(key)) collect(item, [...path, key], candidates, objects, seen);
  }
  const weights = [...views.values()].filter(({ shape }) => shape.length >= 2).length;
  if (weights > 0) candidates.push({ path, views, weights });
}
