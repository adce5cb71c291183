import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sharedPath } from '../shared.js';
import { bound, canRunBound } from './other-user.js';
import { mobilenet, program, root } from './run.js';
import { hasShellTools } from './shell-tools.js';

const photos = ['airplane', 'allium', 'alps', 'boats'].map((name) => join(root, `test/photos/${name}.jpg`));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-batch-'));
  mkdirSync(join(folder, 'many'));
  for (let index = 0; index < 40; index++) symlinkSync(photos[index % 4]!, join(folder, `many/${index}.jpg`));
  writeFileSync(join(folder, 'many/7.broken.jpg'), 'no picture');
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Row {
  readonly file: string;
  readonly predictions?: readonly { readonly index: number; readonly probability: number }[];
  readonly error?: { readonly code: string };
}

const rows = (text: string): Row[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
/** Without what differs from run to run. */
const plain = (found: readonly Row[]) => found.map(({ file, predictions, error }) => ({ file, predictions, error }));
const byFile = (found: readonly Row[]) => plain(found).sort((a, b) => (a.file < b.file ? -1 : 1));

describe('a batch', () => {
  it('gives the same rows in the same order by threads, by processes and one by one', () => {
    const many = join(folder, 'many');
    const run = (...args: string[]) => mobilenet('classify', many, '--format', 'jsonl', ...args);
    const lanes = run('--jobs', '3');
    expect(lanes.code).toBe(1);
    const found = rows(lanes.stdout);
    const numbers = Array.from({ length: 40 }, (_, index) => `${index}.jpg`);
    expect(found.map(({ file }) => file)).toEqual(
      [...numbers.slice(0, 7), '7.broken.jpg', ...numbers.slice(7)].map((name) => join(many, name)),
    );
    expect(Object.keys(found[0]!)).toEqual(['file', 'predictions', 'ms', 'model']);
    expect(found[7]).toEqual({
      file: join(many, '7.broken.jpg'),
      error: { code: 'unsupported-format', message: expect.stringContaining('7.broken.jpg: text is not supported') },
      model: expect.objectContaining({ network: 'mobilenet_v2' }),
    });
    const single = mobilenet('classify', '--json', ...photos);
    const expected = JSON.parse(single.stdout).images.map(({ predictions }: Row) => predictions);
    found
      .filter(({ predictions }) => predictions)
      .forEach(({ predictions }, index) => {
        expect(predictions).toEqual(expected[index % 4]);
      });
    expect(plain(rows(run('--timeout', '60', '--jobs', '2').stdout))).toEqual(plain(found));
    expect(plain(rows(run('--jobs', '1').stdout))).toEqual(plain(found));
    const inFolder = mobilenet('classify', `${many}/3*.jpg`, '--format', 'jsonl', '--dtype', 'int8', '--jobs', '2');
    const oneByOne = mobilenet('classify', `${many}/3.jpg`, '--format', 'jsonl', '--dtype', 'int8');
    expect(rows(inFolder.stdout)).toHaveLength(11);
    expect(plain(rows(inFolder.stdout))[0]).toEqual(plain(rows(oneByOne.stdout))[0]);
  });

  it('gives the same rows where scaling does not round to bytes', () => {
    const run = (...args: string[]) =>
      plain(rows(mobilenet('classify', ...args, '--format', 'jsonl', '--resize', 'tf1-bilinear').stdout));
    const many = join(folder, 'many', '3?.jpg');
    const single = run(join(folder, 'many', '31.jpg'));
    expect(run(many, '--jobs', '2')[1]).toEqual(single[0]);
    expect(run(many, '--jobs', '2', '--timeout', '60')[1]).toEqual(single[0]);
  });

  it.skipIf(!hasShellTools)('selects: find | mobilenet | xargs', () => {
    const script = `cd "$1" && find many -name '*.jpg' -print0 |
      "$2" "$3" classify -0 --files-from - --only 'geological formation' --format paths 2>/dev/null | xargs -0 -n1 basename | sort -n`;
    const { stdout } = spawnSync('sh', ['-c', script, 'sh', folder, process.execPath, program], { encoding: 'utf8' });
    expect(stdout.trim().split('\n')).toEqual(Array.from({ length: 10 }, (_, index) => `${4 * index + 2}.jpg`));
  });

  it('--strict stops at the first fault', () => {
    const { stdout, code } = mobilenet('classify', join(folder, 'many'), '--format', 'csv', '--strict', '--top', '1');
    expect([stdout.trimEnd().split('\n').length, code]).toEqual([1 + 7 + 1, 1]);
  });

  it('reads one picture on stdin', () => {
    const { stdout, status } = spawnSync(
      process.execPath,
      [program, 'classify', '-', '--format', 'csv', '--top', '1'],
      {
        input: readFileSync(photos[2]!),
        encoding: 'utf8',
      },
    );
    expect([stdout.split('\n')[1], status]).toEqual([expect.stringMatching(/^-,1,970,n09193705,alp,0\.85\d+,,$/), 0]);
  });

  it('keeps names that are not UTF-8', () => {
    const raw = Buffer.concat([Buffer.from(`${folder}/raw-`), Buffer.from([0xff]), Buffer.from('.jpg')]);
    copyFileSync(photos[2]!, raw);
    try {
      const run = (...args: string[]) =>
        spawnSync(process.execPath, [program, 'classify', '-0', '--files-from', '-', ...args], {
          input: Buffer.concat([raw, Buffer.from('\0')]),
        });
      const [row] = rows(run('--format', 'jsonl').stdout.toString());
      expect(row).toMatchObject({ file: raw.toString(), fileBase64: raw.toString('base64') });
      expect(run('--format', 'paths').stdout).toEqual(Buffer.concat([raw, Buffer.from('\0')]));
      for (const options of [
        ['--jobs', '2'],
        ['--timeout', '60'],
      ]) {
        const found = rows(mobilenet('classify', folder, '--no-recursive', '--format', 'jsonl', ...options).stdout);
        expect(found[0]!.predictions![0]!.index).toBe(970);
      }
      const lost = spawnSync('sh', ['-c', `"$1" "$2" classify "$3"/raw-*`, 'sh', process.execPath, program, folder]);
      expect([lost.stderr.toString(), lost.status]).toEqual([
        expect.stringContaining('the name is not valid UTF-8'),
        2,
      ]);
    } finally {
      unlinkSync(raw);
    }
  });

  it('fetches addresses where that is allowed', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/alps.jpg') response.end(readFileSync(photos[2]!));
      else response.writeHead(404).end();
    });
    await new Promise<void>((go) => server.listen(0, '127.0.0.1', go));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const args = ['classify', `${base}/alps.jpg`, `${base}/gone.jpg?token=x`, '--format', 'jsonl', '--top', '1'];
    const run = async (...more: string[]) => {
      const child = spawn(process.execPath, [program, ...args, ...more], { env: { ...process.env, NO_PROXY: '*' } });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (chunk) => {
        stdout += chunk;
      });
      child.stderr.on('data', (chunk) => {
        stderr += chunk;
      });
      const code = await new Promise((go) => child.once('close', go));
      return { stdout, stderr, code };
    };
    const refused = await run();
    expect([refused.stderr, refused.code]).toEqual([expect.stringContaining('is a URL; add --allow-url'), 2]);
    const { stdout, stderr, code } = await run('--allow-url');
    server.close();
    const [alps, gone] = rows(stdout);
    expect([alps!.file, alps!.predictions![0]!.index]).toEqual([`${base}/alps.jpg`, 970]);
    expect(gone!.error!.code).toBe('not-fetched');
    expect(stderr).toBe(`mobilenet: ${base}/gone.jpg: the server answered 404 Not Found\n`);
    expect(code).toBe(1);
  });

  it('says that there is no input: exit 3; a filter that leaves nothing: exit 0', () => {
    mkdirSync(join(folder, 'empty'), { recursive: true });
    const sought =
      'no images found, expected files of the formats JPEG, PNG, WebP, GIF, TIFF, AVIF, BMP, PPM, ICO, HEIC or camera raw';
    const empty = join(folder, 'empty');
    expect(mobilenet('classify', empty)).toEqual({
      stdout: '',
      stderr: `mobilenet: ${empty}: ${sought}, also in subfolders; check the name, or add --hidden for names that start with a dot\n`,
      code: 3,
    });
    expect(mobilenet('classify', empty, '--files-from', '/dev/null', '--no-recursive', '--hidden')).toEqual({
      stdout: '',
      stderr: `mobilenet: ${empty}, --files-from /dev/null: ${sought}; without --no-recursive, subfolders are read too\n`,
      code: 3,
    });
    const { stderr } = mobilenet('classify', empty, `${empty}/`, `${empty}/.`, `${empty}/..`, '--include', '*.none');
    expect(stderr).toMatch(/empty\/\. and 1 more: no images found.*; check --include and --exclude\n$/);
    expect(mobilenet('classify', photos[2]!, '--only', 'dog', '--format', 'csv')).toEqual({
      stdout: 'file,rank,index,id,label,probability,error,note\n',
      stderr: 'mobilenet: 0 of 1 image has a dog in its top 5\n',
      code: 0,
    });
  });

  it.skipIf(!hasShellTools)('ends quietly when nobody reads any more', () => {
    const script = `"$1" "$2" classify "$3" --format jsonl --jobs 2 2>/dev/null; echo $? >&2`;
    const args = ['-c', `{ ${script}; } | head -n 1`, 'sh', process.execPath, program, join(folder, 'many')];
    const { stdout, stderr } = spawnSync('sh', args, { encoding: 'utf8' });
    expect(rows(stdout)).toHaveLength(1);
    // Faster than the pipe fills, it may be done before it notices.
    expect(stderr).toMatch(/^[01]\n$/);
  });

  const wrong: [string[], RegExp][] = [
    [['--resume'], /--resume: needs --output FILE with --format jsonl; /],
    [['--resume', '--output', 'x.csv'], /--resume: needs --output FILE with --format jsonl; /],
    [['--output', 'x.unknown'], /the extension does not name a format; choose one with --format/],
    [['--jobs', '2', '--threads', '2'], /--jobs 2: cannot be combined with --threads 2/],
    [['--format', 'csv', '--json'], /--format csv: cannot be combined with --json/],
    [['--print', '{nothing}'], /\{nothing\}: unknown field, expected one of file, /],
    [['--shard', '17/16'], /--shard 17\/16/],
    [['--min', '2'], /--min 2: expected a probability/],
    [['--timeout', '0'], /--timeout 0/],
    [['--files-from', '-', '-'], /-: stdin can only be read once/],
  ];
  it.each(wrong)('%j is wrong usage', (args, message) => {
    const { stdout, stderr, code } = mobilenet('classify', photos[2]!, ...args);
    expect([stdout, code]).toEqual(['', 2]);
    expect(stderr).toMatch(message);
  });
});

describe('an output file', () => {
  let output: string;
  let done: Row[];
  const args = () => [join(folder, 'many'), '--output', output, '--top', '1', '--jobs', '2'];
  beforeAll(() => {
    output = join(folder, 'whole.jsonl');
    mobilenet('classify', ...args());
    done = rows(readFileSync(output, 'utf8'));
  });
  beforeEach(() => {
    output = join(folder, `${Math.random()}.jsonl`);
  });

  it('has size and time, and is not written over', () => {
    expect(Object.keys(done[0]!)).toEqual(['file', 'predictions', 'ms', 'size', 'mtime', 'model']);
    output = join(folder, 'whole.jsonl');
    const { stderr, code } = mobilenet('classify', ...args());
    expect([stderr, code]).toEqual([expect.stringContaining('the file is not empty; add --resume or --overwrite'), 2]);
    // One of the pictures could not be classified; its row stays, and so does what it says of the whole.
    expect(mobilenet('classify', ...args(), '--resume', '--quiet')).toEqual({ stdout: '', stderr: '', code: 1 });
    expect(rows(readFileSync(output, 'utf8'))).toEqual(done);
  });

  it('is never an input', () => {
    const own = join(folder, 'inputs');
    mkdirSync(own);
    const picture = join(own, 'a.jpg');
    copyFileSync(photos[0]!, picture);
    const list = join(own, 'list.txt');
    writeFileSync(list, `${picture}\n`);
    const before = readFileSync(picture);
    for (const inputs of [[picture], ['--files-from', list]]) {
      const target = inputs.at(-1)!;
      const { stderr, code } = mobilenet('classify', ...inputs, '--output', target, '--format', 'jsonl', '--overwrite');
      expect([stderr, code]).toEqual([`mobilenet: --output ${target}: is also an input\n`, 2]);
    }
    expect(readFileSync(picture)).toEqual(before);
    const part = join(own, 'part.jsonl');
    expect(mobilenet('classify', picture, '--output', part, '--top', '1').code).toBe(0);
    const row = readFileSync(part, 'utf8');
    expect(mobilenet('merge', part, '--output', part, '--overwrite').code).toBe(2);
    for (const wrong of [join(own, 'missing.jsonl'), own]) {
      expect(mobilenet('merge', wrong, '--output', part, '--overwrite').code).toBe(2);
    }
    expect(readFileSync(part, 'utf8')).toBe(row);
    // A row that is none, after others: what was there stays, and nothing beside it.
    const broken = join(own, 'broken.jsonl');
    writeFileSync(broken, `${row}no row\n`);
    const kept = join(own, 'kept.jsonl');
    writeFileSync(kept, 'kept');
    const { stderr, code } = mobilenet('merge', broken, '--output', kept, '--overwrite');
    expect([stderr, code]).toEqual([expect.stringContaining('broken.jsonl:2: not JSON'), 2]);
    expect(readFileSync(kept, 'utf8')).toBe('kept');
    expect(readdirSync(own).filter((name) => name.startsWith('.'))).toEqual([]);
    const table = join(own, 'table.csv');
    expect(mobilenet('merge', part, '--output', table).code).toBe(0);
    expect(readFileSync(table, 'utf8')).toMatch(/^file,rank,index,id,label,probability,error,note\r?\n/);
  });

  it('of a shell, as stdout, is passed over in the folder that it lies in', () => {
    const own = join(folder, 'redirected');
    mkdirSync(own);
    copyFileSync(photos[0]!, join(own, 'a.jpg'));
    const target = join(own, 'results.csv');
    const redirect = (...args: readonly string[]) => {
      const stdout = openSync(target, 'a');
      const { status, stderr } = spawnSync(process.execPath, [program, ...args], {
        stdio: ['ignore', stdout, 'pipe'],
        encoding: 'utf8',
      });
      closeSync(stdout);
      return [status, stderr];
    };
    for (const inputs of [[own], [join(own, 'a.jpg'), target]]) {
      expect(redirect('classify', ...inputs, '--quiet', '--format', 'jsonl', '--top', '1')).toEqual([0, '']);
    }
    const part = join(own, 'part.jsonl');
    copyFileSync(target, part);
    const note = 'mobilenet: 1 row was left out, as its file name had occurred before\n';
    expect(redirect('merge', part, target)).toEqual([0, note]);
    expect(rows(readFileSync(target, 'utf8')).map(({ file }) => file)).toEqual(Array(3).fill(join(own, 'a.jpg')));
  });

  it('with --resume: rows without a hash are done again for --hash, those of faults for --strict, none of stdin', () => {
    const own = join(folder, 'resumed');
    mkdirSync(own);
    copyFileSync(photos[0]!, join(own, 'a.jpg'));
    writeFileSync(join(own, 'b.jpg'), 'no picture');
    const target = join(folder, 'resumed.jsonl');
    const classify = (...more: string[]) => mobilenet('classify', own, '--output', target, '--top', '1', ...more);
    expect(classify().code).toBe(1);
    expect(classify('--resume', '--hash').code).toBe(1);
    expect(rows(readFileSync(target, 'utf8')).find(({ file }) => file.endsWith('a.jpg'))).toHaveProperty('sha256');
    const strict = classify('--resume', '--strict');
    expect([strict.stderr, strict.code]).toEqual([expect.stringContaining('b.jpg'), 1]);
    expect(mobilenet('classify', '-', '--output', target, '--resume').code).toBe(2);
  });

  it.each([
    ['--only', ''],
    ['--not', ' , '],
    ['--min', '90%'],
  ])('%s %j says nothing: exit 2', (option, value) => {
    expect(mobilenet('classify', photos[0]!, option, value).code).toBe(2);
  });

  it('is the same after ten ends by SIGKILL at any moment', async () => {
    for (let end = 0; end < 10; end++) {
      const child = spawn(process.execPath, [program, 'classify', ...args(), '--resume'], { stdio: 'ignore' });
      const closed = new Promise((go) => child.once('close', go));
      await new Promise((go) => setTimeout(go, 100 + Math.random() * 900));
      child.kill('SIGKILL');
      await closed;
    }
    mobilenet('classify', ...args(), '--resume');
    expect(byFile(rows(readFileSync(output, 'utf8')))).toEqual(byFile(done));
  });

  it('loses a torn line and rows of files that have changed, and keeps the others', () => {
    const own = join(folder, 'own');
    mkdirSync(own);
    for (const photo of photos) copyFileSync(photo, join(own, photo.split('/').at(-1)!));
    const classify = (...more: string[]) => mobilenet('classify', own, '--output', output, '--resume', ...more);
    classify();
    const before = readFileSync(output, 'utf8');
    const lines = before.trimEnd().split('\n');
    truncateSync(output, Buffer.byteLength(before) - 20);
    utimesSync(join(own, 'allium.jpg'), 1, 1);
    copyFileSync(photos[2]!, join(own, 'airplane.jpg'));
    expect(classify().code).toBe(0);
    const after = readFileSync(output, 'utf8').trimEnd().split('\n');
    expect(after[0]).toBe(lines[2]);
    expect(rows(after.join('\n')).map(({ file }) => file.split('/').at(-1))).toEqual([
      'alps.jpg',
      'airplane.jpg',
      'allium.jpg',
      'boats.jpg',
    ]);
    expect(rows(after[1]!)[0]!.predictions![0]!.index).toBe(970);
    const other = classify('--dtype', 'int8');
    expect([other.stderr, other.code]).toEqual([expect.stringContaining('dtype was "f32" and is "int8"'), 2]);
    appendFileSync(output, 'no row\n');
    expect(classify().stderr).toMatch(/:5: not JSON/);
  });

  it('takes rows of versions that did not say at which resolution weights were trained, as merge does', () => {
    const classify = () => mobilenet('classify', ...photos, '--output', output, '--resume');
    classify();
    const [first, ...others] = readFileSync(output, 'utf8').split('\n');
    const older = [first!.replace(',"trainedResolution":224', ''), ...others].join('\n');
    expect(older).not.toBe([first, ...others].join('\n'));
    writeFileSync(output, older);
    expect([classify().code, readFileSync(output, 'utf8')]).toEqual([0, older]);
    const merged = mobilenet('merge', output);
    expect([merged.stderr, rows(merged.stdout).length, merged.code]).toEqual(['', photos.length, 0]);
  });

  it('--hash: a new time is no change', () => {
    const file = join(folder, 'hashed.jpg');
    copyFileSync(photos[2]!, file);
    const classify = () => mobilenet('classify', file, '--output', output, '--resume', '--hash');
    classify();
    const before = readFileSync(output, 'utf8');
    expect(JSON.parse(before).sha256).toMatch(/^[0-9a-f]{64}$/);
    utimesSync(file, 1, 1);
    classify();
    expect(readFileSync(output, 'utf8')).toBe(before);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s finishes what has begun: exit %d, whole rows', async (signal, expected) => {
    const child = spawn(process.execPath, [program, 'classify', ...args()], { stdio: 'ignore' });
    const closed = new Promise((go) => child.once('close', go));
    // One that ends too soon fails by its exit code.
    while (!isBegun(output) && child.exitCode === null) await new Promise((go) => setTimeout(go, 5));
    child.kill(signal);
    const code = await closed;
    const found = rows(readFileSync(output, 'utf8'));
    // It may have been done by then on a fast machine.
    expect(found.length === done.length ? [1, expected] : [expected]).toContain(code);
    expect(plain(found)).toEqual(plain(done.slice(0, found.length)));
  });

  it('merge joins parts of shards', () => {
    const parts = [1, 2, 3].map((part) => {
      const path = join(folder, `part-${part}-${Math.random()}.jsonl`);
      mobilenet('classify', join(folder, 'many'), '--top', '1', '--shard', `${part}/3`, '--output', path);
      return path;
    });
    const merged = mobilenet('merge', ...parts, parts[0]!);
    expect(byFile(rows(merged.stdout))).toEqual(byFile(done));
    expect([merged.stderr, merged.code]).toEqual([
      expect.stringMatching(/^mobilenet: \d+ rows were left out, .*\n$/),
      1,
    ]);
    appendFileSync(parts[2]!, '{"file":"x');
    const piped = spawnSync(process.execPath, [program, 'merge', '-', '--format', 'paths', '-0'], {
      input: merged.stdout,
      encoding: 'utf8',
    });
    const classified = done.filter((row) => !('error' in row)).map(({ file }) => file);
    expect(piped.stdout.split('\0').slice(0, -1).sort()).toEqual(classified.sort());
    const csv = mobilenet('merge', '--format', 'csv', ...parts);
    expect(csv.stdout.trimEnd().split('\n')).toHaveLength(1 + 41);
    expect(csv.stderr).toMatch(/the last row is incomplete and was left out/);
  });
});

function isBegun(path: string): boolean {
  try {
    return readFileSync(path).length > 0;
  } catch {
    return false;
  }
}

const awkward = sharedPath('images/awkward');

describe.skipIf(!awkward || !canRunBound)('awkward pictures in one batch', () => {
  it('are all accounted for, and those classified equal single runs', () => {
    const copy = join(folder, 'awkward');
    cpSync(awkward!, copy, { recursive: true, mode: 0 });
    spawnSync('chmod', ['-R', 'u+w', copy]);
    spawnSync('mkfifo', [join(copy, 'pipe.jpg')]);
    symlinkSync('gone', join(copy, 'vanished.jpg'));
    writeFileSync(join(copy, 'empty.jpg'), '');
    mkdirSync(join(copy, 'closed'));
    writeFileSync(join(copy, 'closed/a.jpg'), '');
    chmodSync(folder, 0o755);
    spawnSync('chmod', ['-R', 'a+rX', copy]);
    chmodSync(join(copy, 'closed'), 0);
    const args = [program, 'classify', copy, '--format', 'jsonl', '--timeout', '60', '--report-skipped'];
    const { stdout, status } = spawnSync(process.execPath, args, { ...bound, cwd: '/', encoding: 'utf8' });
    chmodSync(join(copy, 'closed'), 0o755);
    expect(status).toBe(1);
    const found = rows(stdout);
    const listed = spawnSync('find', [copy, '!', '-type', 'd'], { encoding: 'utf8' }).stdout.trimEnd().split('\n');
    const expected = [...listed.filter((name) => !name.includes('/closed/')), join(copy, 'closed')].sort();
    expect(found.map(({ file }) => file).sort()).toEqual(expected);
    const codes = new Map(found.map(({ file, error }) => [file.slice(copy.length + 1), error?.code]));
    expect(codes.get('pipe.jpg')).toBe('not-a-file');
    expect(codes.get('vanished.jpg')).toBe('not-found');
    expect(codes.get('empty.jpg')).toBe('empty');
    expect(codes.get('closed')).toBe('unreadable');
    const good = found.filter(({ predictions }) => predictions);
    expect(good.length).toBeGreaterThan(200);
    for (const row of good.filter((_, index) => index % 60 === 0)) {
      const [image] = JSON.parse(mobilenet('classify', '--json', row.file).stdout).images;
      expect(image.predictions).toEqual(row.predictions);
    }
  }, 120_000);
});
