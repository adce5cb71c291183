import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classifyOptions } from '../../src/cli/options/classify-options.js';
import { readPart } from '../../src/cli/options/part-options.js';
import { mobilenet, program, root } from './run.js';

const photos = ['alps', 'boats'].map((name) => join(root, `test/photos/${name}.jpg`)) as [string, string];

let folder: string;
let output: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-options-'));
  output = join(folder, 'rows.jsonl');
});
afterAll(() => rmSync(folder, { recursive: true }));

const done = () => `${output}.done`;
const begun = () => `${output}.options`;
const read = (file: string) => readFileSync(file, 'utf8');
const first = (...options: string[]) =>
  mobilenet('classify', photos[0], '-o', output, '--overwrite', '--quiet', ...options);
const resume = (...options: string[]) =>
  mobilenet('classify', ...photos, '-o', output, '--resume', '--quiet', ...options);

/** As if the process had been killed. */
function unfinish(): void {
  const { options } = JSON.parse(read(done()));
  writeFileSync(begun(), JSON.stringify({ options }));
  rmSync(done());
}

describe('--resume', () => {
  it.each([
    [[], ['--full-decode'], '--full-decode was not given and is true'],
    [['--deterministic'], [], '--deterministic was true and is not given'],
    [[], ['--crop', 'squash'], '--crop was not given and is "squash"'],
    [[], ['--resize', 'nearest'], '--resize was not given and is "nearest"'],
    [['--top', '3'], ['--top', '4'], '--top was 3 and is 4'],
    [[], ['--min', '0.5'], '--min was not given and is 0.5'],
    [['--only', 'dog'], ['--only', 'cat'], '--only was ["dog"] and is ["cat"]'],
    [[], ['--not', 'dog'], '--not was not given'],
    [['--group'], [], '--group was true'],
    [[], ['--with-fields', 'a'], '--with-fields was not given'],
    [[], ['--dtype', 'int8'], 'other options: dtype was "f32" and is "int8"; use'],
  ])('refuses rows made with %j for a run with %j, and changes nothing', (before, after, change) => {
    first(...before);
    for (const file of [done(), begun()]) {
      if (file === begun()) unfinish();
      const files = [output, file].map(read);
      const { code, stderr } = resume(...after);
      expect(stderr).toMatch(/^mobilenet: --resume: the rows in .*rows\.jsonl were made with other options: [^\n]*\n$/);
      expect(stderr).toContain(change);
      expect(stderr).toContain('use the same options, or --overwrite to start again');
      expect(code).toBe(2);
      expect([output, file].map(read)).toEqual(files);
    }
    expect(resume(...before).code).toBe(0);
    expect(existsSync(begun())).toBe(false);
    expect(JSON.parse(read(done())).rows).toBe(2);
  });

  it('takes other images, and options that say the same of the model', () => {
    first('--exclude', 'x', '--jobs', '2');
    expect(resume('--dtype', 'f32', '--model', 'mobilenet_v2', '--res', '224', '--threads', '1').stderr).toBe('');
    expect(JSON.parse(read(done())).options).not.toHaveProperty('--exclude');
  });

  it('does images again that were too large, with another limit', () => {
    first('--max-pixels', '1000');
    expect(read(output)).toContain('too-large');
    expect(resume('--max-pixels', '1000').code).toBe(3);
    // As well where nothing says which limit there was.
    copyFileSync(output, join(folder, 'large.jsonl'));
    expect(mobilenet('classify', ...photos, '-o', join(folder, 'large.jsonl'), '--resume').code).toBe(0);
    expect(resume().code).toBe(0);
    expect(read(output)).not.toContain('too-large');
  });

  it('compares what is in the files that options name, wherever they lie', () => {
    const labels = (name: string, last: string) => {
      const file = join(folder, name);
      writeFileSync(file, `${Array.from({ length: 999 }, (_, at) => `class ${at}`).join('\n')}\n${last}\n`);
      return ['--labels', file];
    };
    first(...labels('labels.txt', 'last'));
    expect(resume(...labels('labels.txt', 'other')).stderr).toMatch(/--labels was "labels\.txt, sha256 .* and is/);
    expect(resume(...labels('labels.txt', 'last')).code).toBe(0);
  });

  it('says where nothing is known of the options, and compares the model', () => {
    first('--top', '3');
    copyFileSync(output, join(folder, 'copy.jsonl'));
    const copy = (...options: string[]) =>
      mobilenet('classify', ...photos, '-o', join(folder, 'copy.jsonl'), '--resume', ...options);
    expect(copy().stderr).toContain('copy.jsonl.options is missing or damaged, so only the model of earlier rows');
    rmSync(join(folder, 'copy.jsonl.done'));
    expect(copy('--dtype', 'int8').code).toBe(2);
  });

  it('never takes rows for those of a run that was to replace them, but was killed before it did', async () => {
    first('--top', '1');
    const list = ['--files-from', '-', '-o', output, '--overwrite', '--top', '2'];
    const child = spawn(process.execPath, [program, 'classify', ...list], { stdio: ['pipe', 'ignore', 'inherit'] });
    const ended = new Promise((go) => child.once('close', go));
    while (existsSync(done())) await new Promise((go) => setTimeout(go, 20));
    child.kill('SIGKILL');
    await ended;
    expect(read(output)).toContain('alps.jpg');
    expect(existsSync(begun())).toBe(false);
    expect(mobilenet('classify', ...photos, '-o', output, '--resume', '--top', '2').stderr).toContain('only the model');
  });

  it('keeps the options of rows that cannot be marked as finished', async () => {
    rmSync(output, { force: true });
    rmSync(done(), { force: true });
    const child = spawn(process.execPath, [program, 'classify', '--files-from', '-', '-o', output, '--top', '2'], {
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk) => (stderr += chunk));
    const ended = new Promise((go) => child.once('close', go));
    while (!existsSync(begun())) await new Promise((go) => setTimeout(go, 20));
    mkdirSync(join(done(), 'in the way'), { recursive: true });
    child.stdin.end(photos[0]);
    await ended;
    rmSync(done(), { recursive: true });
    expect(stderr).toContain('rows.jsonl.done: ');
    expect(read(output)).toContain('alps.jpg');
    expect(resume('--top', '3').stderr).toContain('--top was 2 and is 3');
    expect(resume('--top', '2').code).toBe(0);
  });

  it('has a mark that stays where a run is refused before it begins', () => {
    first();
    expect(mobilenet('classify', ...photos, '-o', output).stderr).toContain('the file is not empty');
    expect(existsSync(done())).toBe(true);
    expect(existsSync(begun())).toBe(false);
  });

  it('changes nothing where options of an earlier run cannot be removed', () => {
    first();
    const rows = read(output);
    mkdirSync(begun());
    try {
      const { code, stderr } = first('--top', '1');
      expect([code, stderr]).toEqual([2, `mobilenet: --output ${output}: ${begun()} is a folder\n`]);
      expect(read(output)).toBe(rows);
      expect(existsSync(done())).toBe(true);
    } finally {
      rmdirSync(begun());
    }
  });

  it('compares every option of classify, or has a reason not to', () => {
    const { changeable } = readPart([], {} as never, classifyOptions);
    const values = Object.fromEntries(Object.keys(classifyOptions).map((name) => [name, 'x']));
    const compared = Object.keys(readPart([], values as never, classifyOptions).options).filter(
      (name) => !changeable.includes(name),
    );
    expect(compared.toSorted()).toEqual([
      ...['--crop', '--deterministic', '--full-decode', '--group', '--input', '--json', '--labels', '--mean', '--min'],
      ...['--no-model', '--not', '--only', '--output-name', '--print', '--resize', '--std', '--stdin-frames', '--top'],
      ...['--weights', '--with-fields'],
    ]);
  });
});
