import { DEFAULT_MODEL } from '../../domain/defaults.js';
import { UsageError } from '../../errors/errors.js';
import { printable } from '../../errors/printable.js';
import { explanationText } from '../../report/explanation-text.js';
import { jsonDocument } from '../../report/json.js';
import { drawExplanation } from '../../use-cases/draw-explanation.js';
import { type Explained, type ExplainHost, explain } from '../../use-cases/explain.js';
import { modelOptions } from '../options/batch-options.js';
import type { ExplainFlags } from '../options/explain-options.js';
import { pick } from '../options/option-table.js';
import { openStdin, openStdout, openWhole, refuseInput } from '../terminal/output.js';

type FileFormat = 'png' | 'json';

/** Explains one picture: text or JSON on stdout, a heat map or JSON in a file. */
export async function runExplain(name: string, flags: ExplainFlags): Promise<void> {
  const { output: target, labels, weights = [], json = false, quiet = false } = flags;
  const format = target === undefined ? undefined : formatOf(target);
  if (target !== undefined) refuseInput(target, [name, ...weights, ...(labels === undefined ? [] : [labels])]);
  const file = target === undefined ? undefined : openWhole(target, flags.overwrite ?? false);
  let isWhole = false;
  try {
    const explained = await explain(requestOf(name, flags), await hostOf(name, flags));
    const { explanation } = explained;
    if (file) await file.write(await contentOf(explained, format!));
    isWhole = true;
    if (json) await openStdout().write(jsonDocument(explanation));
    else if (format !== 'json' && !(file && quiet)) await openStdout().write(explanationText(explanation));
  } finally {
    file?.close(isWhole);
  }
}

/** By the ending of the name. */
function formatOf(output: string): FileFormat {
  if (/\.png$/i.test(output)) return 'png';
  if (/\.json$/i.test(output)) return 'json';
  throw new UsageError({ where: `--output ${printable(output)}`, expected: 'a name that ends in .png or .json' });
}

async function contentOf(explained: Explained, format: FileFormat): Promise<string | Uint8Array> {
  return format === 'json' ? jsonDocument(explained.explanation) : drawExplanation(explained);
}

function requestOf(name: string, flags: ExplainFlags) {
  const { pull: _, ...model } = pick(flags, modelOptions);
  const { dtype, deterministic, maxPixels, lenient = false, against } = flags;
  return {
    name,
    choice: { ...model, ...(dtype && { dtype }) },
    deterministic: deterministic ?? false,
    fullDecode: flags.fullDecode ?? false,
    class: flags.class,
    ...{ against, maxPixels, lenient },
  };
}

async function hostOf(name: string, flags: ExplainFlags): Promise<ExplainHost> {
  const { model = DEFAULT_MODEL, alpha, resolution, dtype, json = false, quiet = false } = flags;
  return {
    ...(name === '-' && { stdin: openStdin() }),
    ...(flags.allowUrl && { fetchPicture: (await import('../../net/fetch-picture.js')).fetchPicture }),
    ...(flags.pull && {
      installModel: async () => {
        const { pullToRun } = await import('./pull.js');
        await pullToRun({ model, alpha, resolution, dtype }, json || quiet);
      },
    }),
    onNote(note) {
      if (!quiet) process.stderr.write(`mobilenet: ${printable(note)}\n`);
    },
  };
}
