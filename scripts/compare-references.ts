/**
 * npm run compare-references -- FOLDER [--name PART]: networks of Keras Applications and torchvision, from the files that
 * those libraries wrote, against their own outputs and shapes. FOLDER is what test/golden/reference_checkpoints.py makes.
 * Prints two Markdown tables. Exit 1 where logits differ by more than 1e-4, MACs differ, or a file is refused.
 */
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { formatError, MobilenetError } from '../src/errors/errors.js';
import { costFile } from '../src/use-cases/cost-file.js';
import { compareLogits } from './compare-references/logits.js';
import { type CountedNetwork, type ReferenceNetwork, readReferences } from './compare-references/references.js';

/** Of the largest logit of a picture. */
const TOLERANCE = 1e-4;

interface Row {
  readonly cells: readonly (string | number)[];
  readonly isRight: boolean;
}

async function logitsRow(folder: string, file: string, network: ReferenceNetwork): Promise<Row> {
  const head = [network.library, network.name, basename(file)];
  try {
    const found = await compareLogits(folder, file, network);
    const { classes, input, difference, sameTop, pictures } = found;
    const { precision } = network.files[file]!;
    return {
      cells: [
        ...head,
        ...[classes, input, difference.toExponential(1)],
        ...[precision?.toExponential(1) ?? '', `${sameTop}/${pictures}`],
      ],
      isRight: difference <= TOLERANCE && sameTop === pictures,
    };
  } catch (error) {
    return { cells: [...head, '', '', messageOf(error), '', ''], isRight: false };
  }
}

async function costRow(folder: string, file: string, network: CountedNetwork): Promise<Row> {
  const { macs } = network.files[file]!;
  const head = [network.library, network.name, basename(file)];
  try {
    const cost = await costFile(join(folder, file), { resolution: network.side });
    const notCounted = cost.kind === 'graph' ? cost.record.notCounted : [];
    const others = notCounted.map(({ operator, times }) => `${times} × ${operator}`).join(', ');
    return {
      cells: [...head, ...[cost.record.macs, macs].map((count) => count.toLocaleString('en')), others || 'none'],
      isRight: cost.record.macs === macs && notCounted.length === 0,
    };
  } catch (error) {
    return { cells: [...head, messageOf(error), macs.toLocaleString('en'), ''], isRight: false };
  }
}

/** Anything but a refusal is an error of this program. */
function messageOf(error: unknown): string {
  if (error instanceof MobilenetError) return formatError(error.details);
  throw error;
}

function print(titles: readonly string[], rows: readonly Row[]): void {
  console.log(`\n| ${titles.join(' | ')} |\n|${titles.map(() => '---').join('|')}|`);
  for (const { cells, isRight } of rows) console.log(`| ${cells.join(' | ')} |${isRight ? '' : ' ←'}`);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { name: { type: 'string' } } });
  if (positionals[0] === undefined) throw new Error('usage: npm run compare-references -- FOLDER [--name PART]');
  const folder = resolve(positionals[0]);
  const { networks, counted } = readReferences(folder);
  const filesOf = <N extends CountedNetwork>(all: readonly N[]) =>
    all.flatMap((network) => Object.keys(network.files).map((file) => ({ file, network })));
  const isWanted = ({ file }: { readonly file: string }) => file.includes(values.name ?? '');

  const logits: Row[] = [];
  for (const { file, network } of filesOf(networks).filter(isWanted)) {
    logits.push(await logitsRow(folder, file, network));
  }
  const costs: Row[] = [];
  for (const { file, network } of filesOf<CountedNetwork>([...networks, ...counted]).filter(isWanted)) {
    costs.push(await costRow(folder, file, network));
  }
  console.log(
    [...new Set([...networks, ...counted].map(({ reference }) => reference))].map((each) => `- ${each}`).join('\n'),
  );
  const subject = ['library', 'network', 'file'];
  print(
    [...subject, 'classes', 'input range', 'largest difference', 'of the library itself', 'same top class'],
    logits,
  );
  print([...subject, 'MACs', 'MACs of the reference', 'not counted'], costs);
  process.exitCode = [...logits, ...costs].every(({ isRight }) => isRight) ? 0 : 1;
}

await main();
