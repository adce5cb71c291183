/** What stdout or a file holds. All but `text` is read by programs and has to stay as it is, byte for byte. */
export type Kind = 'json' | 'jsonl' | 'csv' | 'tsv' | 'paths' | 'print' | 'binary' | 'text';

export interface Command {
  readonly args: readonly string[];
  readonly stdout: Kind;
  readonly stdin?: string;
  /** Files that the command writes. */
  readonly files?: Readonly<Record<string, Kind>>;
  /** Whether most numbers of its text are times or rates, or follow from them. */
  readonly isTimed?: boolean;
}

const command = (stdout: Kind, line: string, more: Omit<Command, 'args' | 'stdout'> = {}): Command => ({
  args: line === '' ? [] : line.split(' '),
  stdout,
  ...more,
});

const photo = 'photos/alps.jpg';
const mini = ['--model', 'mobilenet_v1', '--alpha', '0.25', '--res', '64'].join(' ');

/** In their order: some use what those before them wrote or installed. */
export const commands: readonly Command[] = [
  command('text', ''),
  command('text', '--version'),
  ...['', 'classify', 'merge', 'cost', 'cost compare', 'cost sweep', 'cost explain'].map(help),
  ...['models', 'models verify', 'models export', 'pull', 'import', 'bench'].map(help),

  command('text', 'classify photos/alps.jpg photos/boats.jpg'),
  command('json', 'classify --json photos'),
  command('jsonl', 'classify --format jsonl --hash photos missing.jpg'),
  command('csv', 'classify --format csv --dtype int8 photos pictures'),
  command('tsv', 'classify --format tsv --model efficientnet_b0 photos'),
  command('paths', 'classify --format paths --only vehicle,boat --null-output photos pictures'),
  command('print', 'classify --print {rank}\\t{percent}\\t{id}\\t{file:q}\\t{label} --top 2 --min 0.05 photos'),
  command('jsonl', 'classify --format jsonl --jobs 2 --timeout 60 --crop squash --resize lanczos3 pictures'),
  command('jsonl', 'classify --format jsonl --files-from - --threads 2', { stdin: 'photos/alps.jpg\nmissing.jpg\n' }),
  command('text', 'classify photos --output rows.jsonl --shard 1/2 --dtype int8', { files: { 'rows.jsonl': 'jsonl' } }),
  command('text', 'classify photos --output rows.jsonl --resume --dtype int8', { files: { 'rows.jsonl': 'jsonl' } }),
  ...['tflite/float.tflite', 'onnx/qdq.onnx', 'onnx/swish-dynamo.onnx', 'keras/three.keras', 'keras/one.h5'].map(
    (file) => command('json', `classify --json --deterministic --weights ${file} photos`),
  ),
  command('csv', `classify --format csv --weights tflite/uint8.tflite --dtype int8 ${photo}`),
  command('csv', `classify --format csv --weights tflite/int8.tflite --exact photos`),
  command('json', `classify --json --weights weights/small.safetensors ${photo}`),

  command('csv', 'merge rows.jsonl --format csv'),
  command('tsv', 'merge - --format tsv', { stdin: '{"file":"a.jpg","predictions":[]}\n{"fi' }),
  command('json', 'merge rows.jsonl --json --output merged.json', { files: { 'merged.json': 'json' } }),

  command('text', 'cost'),
  command('json', 'cost --json --model mobilenet_v2 --layers --convention fvcore'),
  command('csv', 'cost --csv --model xception --by block'),
  command('text', 'cost --md --model efficientnet_b0 --by stage'),
  command('json', `cost --json --measure --runs 2 ${mini}`),
  command('text', `cost --measure --layers --runs 2 ${mini}`, { isTimed: true }),
  command('text', 'cost --plot layers.svg --alpha 0.5', { files: { 'layers.svg': 'text' } }),
  ...['onnx/qdq.onnx', 'tflite/int8.tflite', 'keras/three.keras'].map((file) => command('json', `cost --json ${file}`)),
  command('csv', 'cost --csv --by kind onnx/swish-dynamo.onnx'),
  command('text', 'cost --layers tflite/float.tflite'),
  command('json', 'cost compare --json mobilenet_v1:0.75:192 mobilenet_v2 onnx/qdq.onnx'),
  command('csv', 'cost compare --csv --others mobilenet_v1 xception efficientnet_b0'),
  command('csv', 'cost sweep --csv --budget macs<100M,params<2M'),
  command('json', 'cost sweep --json --pareto --models mobilenet_v2'),
  command('text', 'cost sweep --pareto --others'),
  command('json', 'cost explain --json --layer conv_dw_7'),
  command('text', 'cost explain --dk 3 --m 512 --n 512 --df 14'),

  command('text', 'models export mobilenet_v2 v2.safetensors', { files: { 'v2.safetensors': 'binary' } }),
  command('json', 'import v2.safetensors --as mine --res 64 --json'),
  command('text', 'import v2.safetensors --as ranged --res 64 --calibrate photos'),
  command('text', 'import onnx/qdq.onnx --as graph'),
  command('json', 'models --json'),
  command('text', 'models'),
  command('json', 'models verify --json'),
  command('paths', 'models path'),
  command('json', `classify --json --model mine photos`),
  command('csv', `classify --format csv --model ranged --dtype int8 photos`),
  command('text', 'models remove mine'),

  command('json', `bench --json --layers --runs 2 ${mini}`),
  command('json', `bench --json --dtype int8 --threads 2 --runs 2 ${mini}`),
  command('text', `bench --layers --runs 2 ${mini}`, { isTimed: true }),

  ...['missing.jpg', '', '--model vgg photos', '--dtype int8 --model mine photos', '--top 0 photos'].map((line) =>
    command('json', `classify --json ${line}`.trim()),
  ),
  command('text', `classify --weights onnx/qdq.onnx --labels photos/README.md ${photo}`),
  command('text', `classify --weights weights/evil-zip.pth ${photo}`),
  command('text', 'classify --format csv --json photos'),
  command('text', 'cost --model mobilenet_v3'),
  command('text', 'cost --alpha zero'),
  command('text', 'cost --convention caffe'),
  command('text', 'cost compare mobilenet_v1:x'),
  command('text', 'import v2.safetensors'),
  command('text', 'models remove mine'),
  command('text', 'pull mobilenet_v1 --from missing.tflite'),
  command('text', 'merge missing.jsonl'),
  command('text', 'bench --dtype f64'),
  command('text', 'classfy photos'),
];

function help(name: string): Command {
  return command('text', `${name} --help`.trim());
}
