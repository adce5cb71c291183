import type { Declaration, Member } from './read-declarations.js';

/** Types of JavaScript, TypeScript and Node.js: explained elsewhere. */
const elsewhere: readonly string[] = [
  ...['AbortSignal', 'ArrayBuffer', 'AsyncGenerator', 'AsyncIterable', 'Blob', 'Error', 'ErrorOptions', 'Iterable'],
  ...[
    'Float32Array',
    'Omit',
    'Promise',
    'ReadableStream',
    'Readonly',
    'Record',
    'Uint8Array',
    'Uint8ClampedArray',
    'URL',
  ],
];

/** Every exported name is in one of these. */
const sections: readonly { readonly title: string; readonly names: readonly string[] }[] = [
  { title: 'Loading a model', names: ['load', 'LoadOptions', 'ModelChoice', 'ComputeOptions', 'InputRangeName'] },
  {
    title: 'Classifying',
    names: [
      'Classifier',
      'ClassifyOptions',
      'ClassifyAllOptions',
      'EmbedOptions',
      'ImageInput',
      'RawPixels',
      'SharpImage',
    ],
  },
  {
    title: 'Results',
    names: [
      ...[
        'Classification',
        'Prediction',
        'Timing',
        'PictureFacts',
        'PictureSize',
        'UnknownFacts',
        'Row',
        'ClassifiedRow',
        'FailedRow',
        'ModelFacts',
        'CostFacts',
      ],
      ...['PreprocessingRecord', 'Preprocessing', 'CropMethod', 'ResizeFilter'],
    ],
  },
  {
    title: 'Cost of networks',
    names: [
      ...['cost', 'CostOptions', 'NetworkCost', 'Cost', 'LayerCost', 'KindCost', 'StandardCost', 'ParameterCounts'],
      ...['LayerKind', 'ConventionId', 'networks', 'NetworkId', 'NetworkFacts', 'PublishedSet', 'Range'],
    ],
  },
  {
    title: 'Errors',
    names: ['MobilenetError', 'UsageError', 'ModelError', 'ImageError', 'RuntimeError', 'ErrorDetails'],
  },
];

/** An example with the comment that it begins with. */
export interface Example {
  readonly file: string;
  readonly purpose: string;
}

const introduction = `# The library

<!-- Generated from the types by “npm run docs:api”; edit src/index.ts and what it exports. -->

\`\`\`js
import { load } from 'mobilenet';

const model = await load('mobilenet_v2');
const { predictions } = await model.classify('photo.jpg');
console.log(predictions[0].label, predictions[0].probability);

for await (const row of model.classifyAll(['a.jpg', 'b.jpg'])) {
  console.log(row.ok ? row.predictions[0].label : row.error.message);
}
model.close();
\`\`\`

Types are included and need \`@types/node\`. Every option is checked: an unknown or wrong one is a \`UsageError\`.`;

/** docs/api.md. Throws for an exported name without a section, and for a type that is named but not exported. */
export function renderPage(declarations: readonly Declaration[], examples: readonly Example[]): string {
  const byName = new Map(declarations.map((each) => [each.name, each]));
  const listed = sections.flatMap(({ names }) => names);
  for (const name of byName.keys())
    if (!listed.includes(name)) throw new Error(`${name}: in no section of the API page`);
  for (const { name, uses } of declarations) {
    for (const used of uses) {
      if (!byName.has(used) && !elsewhere.includes(used))
        throw new Error(`${name} names ${used}, which is not exported`);
    }
  }
  const parts = sections.flatMap(({ title, names }) => [
    `## ${title}`,
    ...names.map((name) => {
      const found = byName.get(name);
      if (!found) throw new Error(`${name}: on the API page, but not exported`);
      return renderDeclaration(found, byName);
    }),
  ]);
  const list = examples.map(({ file, purpose }) => `- [${file}](../examples/${file}): ${purpose}`).join('\n');
  return `${[introduction, `## Examples\n\n${list}`, ...parts].join('\n\n')}\n`;
}

type Known = ReadonlyMap<string, Declaration>;

function renderDeclaration({ name, kind, comment, head, members }: Declaration, known: Known): string {
  const isLong = kind === 'interface' || kind === 'class';
  const code = `\`\`\`ts\n${isLong ? `${head.replace(/^export /, '')} { … }` : head}\n\`\`\``;
  const table = members.length > 0 ? [renderMembers(members, known)] : [];
  return [`### ${name}`, ...(comment === '' ? [] : [paragraphs(comment)]), code, ...table].join('\n\n');
}

function renderMembers(members: readonly Member[], known: Known): string {
  const rows = members.map(({ name, isOptional, type, comment }) => {
    const text = paragraphs(comment)
      .replace(/\s*\n\s*/g, ' ')
      .replaceAll('|', '\\|');
    return `| \`${name}${isOptional ? '?' : ''}\` | ${linked(type, known)} | ${text} |`;
  });
  return ['| | type | |', '| --- | --- | --- |', ...rows].join('\n');
}

/** A type as code; names that are on the page lead there. */
function linked(type: string, known: Known): string {
  const parts = type.split(/\b([A-Z]\w*)\b/);
  const cells = parts.map((part) => {
    if (part === '') return '';
    const code = `\`${part.replaceAll('|', '\\|')}\``;
    return known.has(part) ? `[${code}](#${part.toLowerCase()})` : code;
  });
  // Code that nothing is between is one piece.
  return cells.join('').replaceAll('``', '');
}

/** Lines of a comment joined into paragraphs; those of a list stay. */
function paragraphs(comment: string): string {
  return comment.replace(/([^\n])\n(?=[^\n-])/g, '$1 ');
}
