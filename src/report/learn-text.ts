import type { LearnReport, MeasuredOn } from '../domain/learning.js';
import { pageText, type Section } from './table.js';

const MOST_CLASSES = 30;
const MOST_CONFUSIONS = 5;
const MOST_IMAGES = 10;

const MEASURED: Readonly<Record<MeasuredOn, (images: number) => string>> = {
  test: (images) => `on ${images} test images`,
  'held-out': (images) => `on ${images} images held out`,
  'cross-validation': (images) => `by cross-validation of ${images} images`,
};

/** What was learned, how good it is, what may be wrong with the images, and how long it took. */
export function learnText(report: LearnReport, width?: number): string {
  return pageText([summary(report), classTable(report), confusions(report), ...doubts(report), end(report)], width);
}

function summary({ model, accuracy, unknown }: LearnReport): Section {
  const { name, backbone, resolution, classes } = model;
  const { value, low95, high95, pictures, measuredOn } = accuracy;
  const images = classes.reduce((sum, { train }) => sum + train, 0);
  return {
    lines: [
      `${name}: ${classes.length} classes learned from ${images} images; features of ${backbone} at ${resolution}×${resolution}`,
      `accuracy: ${percent(value)} (95 % interval: ${percent(low95)} to ${percent(high95)}) ${MEASURED[measuredOn](pictures)}`,
      unknown
        ? `unknown: images at a distance above ${unknown.threshold.toFixed(3)} from the learned ones; so are ${percent(unknown.falseAlarms)} of the images of the classes, which “evaluate” counts as wrong`
        : 'unknown: off',
    ],
  };
}

function classTable({ model: { classes }, confusion }: LearnReport): Section {
  const recalls = new Map(
    confusion.labels.map((label, at) => {
      const row = confusion.counts[at]!;
      const support = row.reduce((sum, count) => sum + count, 0);
      return [label, support === 0 ? null : row[at]! / support];
    }),
  );
  const shown = classes.slice(0, MOST_CLASSES);
  return {
    table: {
      columns: [
        { name: 'class', side: 'left' },
        { name: 'images', side: 'right' },
        { name: 'tested', side: 'right' },
        { name: 'recognised', side: 'right', format: percent },
      ],
      rows: shown.map(({ label, train, test }) => [label, train, test, recalls.get(label) ?? null]),
    },
    ...(classes.length > shown.length && { lines: [`the first ${shown.length} of ${classes.length} classes:`] }),
  };
}

function confusions({ confusion: { labels, counts } }: LearnReport): Section {
  const wrong = counts.flatMap((row, truth) => {
    const support = row.reduce((sum, count) => sum + count, 0);
    return row.flatMap((count, predicted) =>
      count > 0 && predicted !== truth ? [{ truth, predicted, count, support }] : [],
    );
  });
  const worst = wrong.sort((a, b) => b.count - a.count || b.count / b.support - a.count / a.support);
  if (worst.length === 0) return {};
  return {
    title: 'most frequent mistakes:',
    lines: worst
      .slice(0, MOST_CONFUSIONS)
      .map(
        ({ truth, predicted, count, support }) =>
          `  ${count} of ${support} ${labels[truth]} taken for ${labels[predicted]}`,
      ),
  };
}

/** Images and classes to look at. */
function doubts({ mislabelled, duplicatesAcrossClasses, failed, warnings }: LearnReport): readonly Section[] {
  return [
    list(
      'images that may be in the wrong class:',
      mislabelled.map(
        ({ file, label, predicted, probability }) =>
          `${file}: ${label}, looks like ${predicted} (${percent(probability)})`,
      ),
    ),
    list(
      'the same image in two classes (left out):',
      duplicatesAcrossClasses.map(([first, second]) => `${first} and ${second}`),
    ),
    failed.length === 0
      ? {}
      : { lines: [`${failed.length} ${failed.length === 1 ? 'image' : 'images'} could not be read`] },
    list('warnings:', warnings),
  ];
}

function list(title: string, items: readonly string[]): Section {
  if (items.length === 0) return {};
  const more = items.length - MOST_IMAGES;
  const lines = items.slice(0, MOST_IMAGES).map((item) => `  ${item}`);
  return { title, lines: more > 0 ? [...lines, `  and ${more} more (see --json)`] : lines };
}

function end({ model, ms }: LearnReport): Section {
  const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;
  return {
    lines: [
      `${seconds(ms.total)}: features ${seconds(ms.embed)}, learning ${seconds(ms.fit)}`,
      `classify with: mobilenet classify --model ${model.name} IMAGE`,
    ],
  };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
