import { type CommandReference, isFileName, type OptionReference } from './read-reference.js';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** What a shell reads to complete command lines of `mobilenet`. */
export function completionScript(shell: Shell, program: CommandReference): string {
  const commands = program.commands.flatMap((command) => listCommands(command, ''));
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](commands);
}

interface ListedCommand extends CommandReference {
  /** `models verify` */
  readonly path: string;
}

function listCommands(command: CommandReference, parent: string): ListedCommand[] {
  const path = `${parent}${command.name}`;
  return [{ ...command, path }, ...command.commands.flatMap((each) => listCommands(each, `${path} `))];
}

function flagsOf({ short, long }: OptionReference): readonly string[] {
  return short === undefined ? [long] : [short, long];
}

function isTop({ path }: ListedCommand): boolean {
  return !path.includes(' ');
}

/** In single quotes, as all three shells read them. */
function quoted(words: string): string {
  return `'${words.replaceAll("'", "'\\''")}'`;
}

/** Where the function completes nothing, bash completes files (`-o default`): arguments and values that are files. */
function bashScript(commands: readonly ListedCommand[]): string {
  const paths = commands.map(({ path }) => quoted(` ${path}`));
  const words = commands.map(({ path, options, commands: below, arguments: terms }) => {
    const list = [...below.map(({ name }) => name), ...terms.flatMap(({ choices }) => choices)];
    const flags = options.flatMap(flagsOf);
    return `    ${quoted(path)}) words=${quoted(list.join(' '))}; flags=${quoted(flags.join(' '))} ;;`;
  });
  const values = commands.flatMap(({ path, options }) =>
    options
      .filter(({ value }) => value !== undefined)
      .map((option) => {
        const cases = flagsOf(option).map((flag) => quoted(`${path} ${flag}`));
        return `    ${cases.join('|')}) words=${quoted(option.choices.join(' '))}; flags= ;;`;
      }),
  );
  const top = commands.filter(isTop).map(({ name }) => name);
  return `# bash completion of mobilenet; put this into ~/.bashrc: source <(mobilenet completion bash)
_mobilenet() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command= words= flags= first= i
  COMPREPLY=()
  if [[ $current == = ]]; then current=
  elif [[ $previous == = ]]; then previous=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    # Behind anything else, a command's name is a file.
    if [[ -z $command ]] && ((i > 1)); then break; fi
    case " \${command:+$command }\${COMP_WORDS[i]}" in
      ${paths.join('|')}) command="\${command:+$command }\${COMP_WORDS[i]}" ;;
    esac
  done
  if [[ -z $command ]]; then
    command=classify
    ((COMP_CWORD == 1)) && first=${quoted(top.join(' '))}
  fi
  case "$command" in
${words.join('\n')}
  esac
  case "$command $previous" in
${values.join('\n')}
  esac
  if [[ $current == -* ]]; then words=$flags; fi
  COMPREPLY=($(compgen -W "$first $words" -- "$current"))
}
complete -o default -F _mobilenet mobilenet
`;
}

function zshScript(commands: readonly ListedCommand[]): string {
  const describe = (list: readonly { readonly name: string; readonly summary: string }[]) =>
    list.map(({ name, summary }) => quoted(`${name}:${summary.replaceAll(':', '\\:')}`)).join(' ');
  const functions = commands.map((command) => {
    const specs = command.options.map(zshOption);
    const calls = command.commands.map(
      ({ name }) => `    ${name}) shift words; ((CURRENT--)); ${zshName(`${command.path} ${name}`)}; return ;;`,
    );
    const below =
      calls.length === 0
        ? ''
        : `  local -a below=(${describe(command.commands)})\n  case $words[2] in\n${calls.join('\n')}\n  esac\n  ((CURRENT == 2)) && _describe 'command of mobilenet ${command.path}' below\n`;
    const choices = command.arguments.flatMap((each) => each.choices);
    const rest = choices.length > 0 ? `'*:model:(${choices.join(' ')})'` : `'*:file:_files'`;
    return `${zshName(command.path)}() {\n${below}  _arguments -s -S \\\n    ${[...specs, rest].join(' \\\n    ')}\n}`;
  });
  const top = commands.filter(isTop);
  return `#compdef mobilenet
# zsh completion of mobilenet; put this into ~/.zshrc after compinit: source <(mobilenet completion zsh)
${functions.join('\n')}
_mobilenet() {
  local -a commands=(${describe(top)})
  if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then
    _alternative 'commands:command:{_describe command commands}' 'files:image:_files'
    return
  fi
  case $words[2] in
    ${top.map(({ name }) => name).join('|')}) shift words; ((CURRENT--)); _mobilenet_\${words[1]} ;;
    *) _mobilenet_classify ;;
  esac
}
if [[ $funcstack[1] == _mobilenet ]]; then _mobilenet "$@"; else compdef _mobilenet mobilenet; fi
`;
}

function zshName(path: string): string {
  return `_mobilenet_${path.replaceAll(' ', '_')}`;
}

function zshOption(option: OptionReference): string {
  const { value, choices, help } = option;
  const flags = flagsOf(option);
  const escaped = help.replace(/[[\]:\\]/g, '\\$&');
  const rest = choices.length > 0 ? `(${choices.join(' ')})` : value !== undefined && isFileName(value) ? '_files' : '';
  const action = value === undefined ? '' : `:${value.replaceAll(':', ' ')}:${rest}`;
  const spec = (flag: string) => quoted(`*${flag}[${escaped}]${action}`);
  return flags.map(spec).join(' ');
}

function fishScript(commands: readonly ListedCommand[]): string {
  const top = commands.filter(isTop);
  const lines = [
    '# fish completion of mobilenet; put this into ~/.config/fish/config.fish: mobilenet completion fish | source',
    ...top.map(
      ({ name, summary }) => `complete -c mobilenet -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
    ),
  ];
  for (const { path, options, commands: below, arguments: terms } of commands) {
    const seen = path
      .split(' ')
      .map((name) => `__fish_seen_subcommand_from ${name}`)
      .join('; and ');
    const others = top.filter(({ name }) => name !== 'classify').map(({ name }) => name);
    const when = quoted(path === 'classify' ? `not __fish_seen_subcommand_from ${others.join(' ')}` : seen);
    for (const { name, summary } of below) {
      lines.push(`complete -c mobilenet -n ${when} -a ${name} -d ${quoted(summary)}`);
    }
    for (const choice of terms.flatMap(({ choices }) => choices)) {
      lines.push(`complete -c mobilenet -n ${when} -a ${choice}`);
    }
    for (const { short, long, value, choices, help } of options) {
      const letters = short === undefined ? '' : ` -s ${short.slice(1)}`;
      const takes = value === undefined ? '' : isFileName(value) ? ' -r -F' : ' -x';
      const list = choices.length === 0 ? '' : ` -a ${quoted(choices.join(' '))}`;
      lines.push(`complete -c mobilenet -n ${when}${letters} -l ${long.slice(2)}${takes}${list} -d ${quoted(help)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
