import { describe, expect, it } from 'vitest';
import { ClassNames } from '../../src/batch/class-names.js';
import { loadGroups } from '../../src/batch/groups.js';
import { loadImagenetLabels } from '../../src/models/bundled.js';
import { TrueClasses } from '../../src/use-cases/true-classes.js';

const groups = loadGroups();
const imagenet = new ClassNames(loadImagenetLabels(1000), groups);

function match(name: string, names = imagenet, map?: ReadonlyMap<string, string>) {
  const classes = new TrueClasses(names, map);
  const { places } = classes.get(name);
  const indices = classes.check((each) => `folder ${each}`, 'remedy');
  return { places: [...places], indices };
}

describe('the names of true classes', () => {
  it.each([
    ['tench, Tinca tinca', [0]],
    ['Tinca tinca', [0]],
    ['TENCH', [0]],
    ['n01440764', [0]],
    ['golden_retriever', [207]],
    ['Golden-Retriever', [207]],
    ['  golden   retriever ', [207]],
    ['potters wheel', [739]],
    ['n03126707', [517]],
    // The first name of one class and a further one of others.
    ['tub', [876]],
    ['crayfish', [124]],
    // A class, though WordNet has a group of that name.
    ['cup', [968]],
    ['fox', [277, 278, 279, 280]],
    ['n02084071', Array.from({ length: 118 }, (_, at) => 151 + at)],
    ['Dog', Array.from({ length: 118 }, (_, at) => 151 + at)],
  ])('%s', (name, places) => expect(match(name)).toEqual({ places, indices: [] }));

  it('may be indices, which are told apart', () => {
    expect(match('207')).toEqual({ places: [207], indices: ['207'] });
    expect(() => match('1000')).toThrow('folder 1000: fits no class of the model');
  });

  it('are labels first, where labels are numbers', () => {
    const digits = new ClassNames([{ name: '1' }, { name: '0' }], groups);
    expect(match('1', digits)).toEqual({ places: [0], indices: [] });
  });

  it.each([
    ['crane', 'crane (n02012849) or crane (n03126707)'],
    ['maillot', 'maillot (n03710637) or maillot, tank suit (n03710721)'],
    ['car', 'car, auto, automobile, machine, motorcar (n02958343, 10 classes) or '],
  ])('%s: ambiguous', (name, meanings) => {
    expect(() => match(name)).toThrow(`folder ${name}: the name is ambiguous: ${meanings}`);
  });

  it('that fit nothing: the three nearest', () => {
    expect(() => match('golden_retreiver')).toThrow(
      'folder golden_retreiver: fits no class of the model, expected a name such as "golden retriever", "Border terrier" or "Gordon setter"; remedy',
    );
  });

  it('may be mapped', () => {
    const map = new Map([['goldie', 'n02099601']]);
    expect(match('Goldie', imagenet, map).places).toEqual([207]);
  });

  it('are found as classes become known', () => {
    const names = new ClassNames([], groups);
    const classes = new TrueClasses(names);
    expect(classes.get('rose').places.size).toBe(0);
    names.add({ name: 'rose' });
    expect([...classes.get('rose').places]).toEqual([0]);
  });
});

describe('evaluated classes', () => {
  it('are truths, those of the same classes once, then what else was answered, in the order of indices', () => {
    const classes = new TrueClasses(imagenet);
    const truths = ['dog', 'golden retriever', 'Tinca tinca', 'tench'].map((name) => classes.get(name));
    const [dog, golden, tinca, tench] = truths as [(typeof truths)[0], ...typeof truths];
    const { labels, numberOf, answered } = classes.evaluated(truths, [517, 207, 151, 1]);
    expect(labels).toEqual([
      'tench, Tinca tinca',
      'dog',
      'golden retriever',
      'goldfish, Carassius auratus',
      'crane (n03126707)',
    ]);
    expect([tinca, tench].map((each) => numberOf(each!))).toEqual([0, 0]);
    // A golden retriever is right for both, and elsewhere the smaller class.
    expect([dog, golden, tench].map((truth) => answered(207, truth!))).toEqual([1, 2, 2]);
    expect([dog, golden].map((truth) => answered(151, truth!))).toEqual([1, 1]);
    expect(answered(517, dog)).toBe(4);
  });
});
