import { type LoadOptions, MOST_THREADS, open } from '../classifier.js';
import { exitCodes, MobilenetError } from '../errors.js';
import { printable } from '../printable.js';
import { modelLine, predictionsText } from '../report/classify-text.js';
import type { ImageRecord } from '../report/records.js';
import type { ClassifyFlags } from './classify.js';
import { parseNumber, parseWhole } from './options.js';
import { startSpinner } from './spinner.js';

const DEFAULT_MODEL = 'mobilenet_v2';

/** Classifies the files in order; a broken one is reported and the others go on. Returns the exit code. */
export async function runClassify(files: readonly string[], flags: ClassifyFlags): Promise<number> {
  const { model, weights, labels, crop, resize, exact, dtype, deterministic, json } = flags;
  const alpha = parseNumber('--alpha', flags.alpha);
  const resolution = parseWhole('--res', flags.res, 'a whole number of pixels');
  const top = parseWhole('--top', flags.top, 'a whole number of predictions')!;
  const threads = parseWhole('--threads', flags.threads, `a whole number from 1 to ${MOST_THREADS}`, MOST_THREADS);
  const choice = {
    ...(model !== undefined && { model }),
    ...(alpha !== undefined && { alpha }),
    ...(resolution !== undefined && { resolution }),
    ...(weights !== undefined && { weights }),
    ...(labels !== undefined && { labels }),
    ...(crop !== undefined && { crop }),
    ...(resize !== undefined && { filter: resize }),
    ...(exact !== undefined && { exact }),
    ...(dtype !== undefined && { dtype }),
    ...(deterministic !== undefined && { deterministic }),
    ...(threads !== undefined && { threads }),
  };
  const classifier = await openOrPull(choice, files.length, flags);
  const spinner = await startSpinner(json ? undefined : files.length);
  try {
    const classify = (file: string): Promise<ImageRecord> => {
      const record = recordOf(file, classifier.classify(file, { top }));
      // It may fail before its turn comes to be awaited.
      record.catch(() => {});
      return record;
    };

    const records: ImageRecord[] = [];
    let next = files.length > 0 ? classify(files[0]!) : undefined;
    await classifier.ready;
    for (const [index, file] of files.entries()) {
      if (process.stdout.destroyed) break;
      const current = await next!;
      // The next picture is decoded while this one is printed and run.
      next = index + 1 < files.length ? classify(files[index + 1]!) : undefined;
      records.push(current);
      spinner.clear();
      if ('error' in current) process.stderr.write(`mobilenet: ${printable(current.error.message)}\n`);
      else if (!json) process.stdout.write(predictionsText(file, current.predictions));
      spinner.progress(index + 1);
    }
    classifier.close();
    spinner.stop();
    if (json) {
      process.stdout.write(
        `${JSON.stringify({ model: classifier.model, cost: classifier.cost, images: records }, null, 2)}\n`,
      );
    } else {
      const ms = medianRun(records);
      if (ms !== undefined) process.stdout.write(modelLine(classifier.model, classifier.cost, ms));
    }
    const failed = records.filter((each) => 'error' in each).length;
    if (failed === 0) return exitCodes.ok;
    return failed === records.length ? exitCodes.noInput : exitCodes.someInputsFailed;
  } finally {
    spinner.stop();
  }
}

/** Opens the model; with `--pull` one that is not installed is fetched first. */
async function openOrPull(choice: LoadOptions, pictures: number, flags: ClassifyFlags): ReturnType<typeof open> {
  try {
    return await open(choice, pictures);
  } catch (error) {
    if (!(flags.pull && error instanceof MobilenetError && error.code === 'model-not-installed')) throw error;
    const { runPull } = await import('./pull.js');
    await runPull(choice.model ?? DEFAULT_MODEL, flags);
    return open(choice, pictures);
  }
}

/** Faults of the picture become its record; all others end the run. */
async function recordOf(
  file: string,
  classification: ReturnType<Awaited<ReturnType<typeof open>>['classify']>,
): Promise<ImageRecord> {
  try {
    const { predictions, ms } = await classification;
    return { file, predictions, ms };
  } catch (error) {
    if (error instanceof MobilenetError && error.exitCode === exitCodes.noInput) {
      return { file, error: { code: error.code, message: error.message } };
    }
    throw error;
  }
}

function medianRun(records: readonly ImageRecord[]): number | undefined {
  const times = records.flatMap((each) => ('ms' in each ? [each.ms.run] : [])).sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)];
}
