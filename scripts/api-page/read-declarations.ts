import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Comment, type Node, parseSync } from 'oxc-parser';

/** A property or method of an interface or class. */
export interface Member {
  readonly name: string;
  readonly isOptional: boolean;
  /** Of a property its type, of a method its signature. */
  readonly type: string;
  readonly comment: string;
}

/** One exported name with what its `.d.ts` file says. */
export interface Declaration {
  readonly name: string;
  readonly kind: 'interface' | 'class' | 'function' | 'type' | 'const';
  readonly comment: string;
  /** The declaration in one piece; of an interface or class without its members. */
  readonly head: string;
  readonly members: readonly Member[];
  /** Types that it names. */
  readonly uses: ReadonlySet<string>;
}

interface Parsed {
  readonly path: string;
  readonly source: string;
  readonly comments: readonly Comment[];
  readonly declarations: ReadonlyMap<string, Statement>;
  readonly body: readonly Node[];
}

/** With `export` before it, where there is one. */
interface Statement {
  readonly start: number;
  readonly node: AnyNode;
}

/** Fields of all kinds of nodes: a tree is walked without asking for each kind. */
// biome-ignore lint/suspicious/noExplicitAny: a syntax tree
type AnyNode = any;

/** What the entry point of the package exports, in its order. */
export function readDeclarations(entry: string): readonly Declaration[] {
  const files = new Map<string, Parsed>();
  const fileOf = (path: string) => {
    const known = files.get(path) ?? parse(path);
    files.set(path, known);
    return known;
  };
  const { body } = fileOf(entry);
  return body.flatMap((node: AnyNode) => {
    if (node.type !== 'ExportNamedDeclaration' || !node.source) return [];
    const file = fileOf(join(dirname(entry), node.source.value.replace(/\.js$/, '.d.ts')));
    return node.specifiers.map((specifier: AnyNode) => declarationOf(specifier.local.name, file));
  });
}

function parse(path: string): Parsed {
  const source = readFileSync(path, 'utf8');
  const { program, comments, errors } = parseSync(path, source);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]!.message}`);
  const declarations = new Map<string, Statement>();
  for (const statement of program.body as AnyNode[]) {
    const node = statement.declaration ?? statement;
    const name = (node.id ?? node.declarations?.[0]?.id)?.name;
    if (name !== undefined) declarations.set(name, { start: statement.start, node });
  }
  return { path, source, comments, declarations, body: program.body };
}

const kinds: Readonly<Record<string, Declaration['kind']>> = {
  TSInterfaceDeclaration: 'interface',
  ClassDeclaration: 'class',
  TSDeclareFunction: 'function',
  TSTypeAliasDeclaration: 'type',
  VariableDeclaration: 'const',
};

function declarationOf(name: string, file: Parsed): Declaration {
  const found = file.declarations.get(name);
  const kind = found && kinds[found.node.type];
  if (!found || !kind) throw new Error(`${file.path}: no declaration of ${name} that this script knows`);
  const { node, start } = found;
  const { body } = node;
  const end = kind === 'interface' || kind === 'class' ? body.start : node.end;
  const members: readonly AnyNode[] = kind === 'interface' || kind === 'class' ? body.body : [];
  const head = expand(file.source.slice(node.start, end), file)
    .replace(/^declare /, '')
    .trim();
  // Errors are made by the library, not by its users.
  const all = members.filter(({ kind: each }) => each !== 'constructor').map((member) => memberOf(member, file));
  // Not those that were written out.
  const words = new Set([head, ...all.map(({ type }) => type)].join(' ').split(/\W+/));
  const uses = new Set([...typesIn(node)].filter((type) => words.has(type)));
  return { name, kind, comment: commentBefore(start, file), head, members: all, uses };
}

function memberOf(member: AnyNode, file: Parsed): Member {
  const text = (node: { start: number; end: number }) => file.source.slice(node.start, node.end);
  const { key, typeAnnotation } = member;
  const isMethod = !typeAnnotation;
  const name = member.computed ? `[${text(key)}]` : text(key);
  const signature = text(member).replace(/;$/, '');
  return {
    name: isMethod ? `${name}()` : name,
    isOptional: member.optional ?? false,
    type: oneLine(expand(isMethod ? signature : text(typeAnnotation.typeAnnotation), file)),
    comment: commentBefore(member.start, file),
  };
}

/** Types that follow from others, written out: `(typeof words)[number]`, `keyof typeof table`, `Union['field']`. */
function expand(text: string, file: Parsed): string {
  return text
    .replace(/\(typeof (\w+)\)\[number\]/g, (_, name) => literalsOf(name, file).join(' | '))
    .replace(/keyof typeof (\w+)/g, (_, name) => literalsOf(name, file).join(' | '))
    .replace(/\b(\w+)\['(\w+)'\]/g, (whole, name, field) => typesOfField(name, field, file)?.join(' | ') ?? whole);
}

/** Of an interface or a union of them; undefined for one of another file. */
function typesOfField(name: string, field: string, file: Parsed): readonly string[] | undefined {
  const node = file.declarations.get(name)?.node;
  if (node?.type === 'TSTypeAliasDeclaration') {
    const { types } = node.typeAnnotation;
    return types?.flatMap(({ typeName }: AnyNode) => typesOfField(typeName.name, field, file) ?? []);
  }
  const member = node?.body.body.find(({ key }: AnyNode) => key.name === field);
  if (!member) return undefined;
  const { start, end } = member.typeAnnotation.typeAnnotation;
  return [expand(file.source.slice(start, end), file)];
}

function literalsOf(name: string, file: Parsed): readonly string[] {
  const type = file.declarations.get(name)?.node.declarations[0].id.typeAnnotation?.typeAnnotation;
  const list: AnyNode = type?.type === 'TSTypeOperator' ? type.typeAnnotation : type;
  const nodes: readonly AnyNode[] | undefined = list?.elementTypes ?? list?.members?.map(({ key }: AnyNode) => key);
  if (!nodes) throw new Error(`${file.path}: ${name} is no list of words`);
  return nodes.map(({ start, end }) => `'${file.source.slice(start, end).replaceAll("'", '')}'`);
}

/** The text of the comment that ends where something starts. */
function commentBefore(start: number, { source, comments }: Parsed): string {
  const comment = comments.findLast(({ end }) => end <= start && source.slice(end, start).trim() === '');
  if (comment?.type !== 'Block' || !comment.value.startsWith('*')) return '';
  return comment.value
    .slice(1)
    .replace(/^[ \t]*\* ?/gm, '')
    .trim();
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/; \}/g, ' }');
}

/** Names of types in a declaration, but for its own parameters. */
function typesIn(node: AnyNode): ReadonlySet<string> {
  const names = new Set<string>();
  const own = new Set<string>();
  const walk = (each: AnyNode): void => {
    if (typeof each !== 'object' || each === null) return;
    if (each.type === 'TSTypeParameter') own.add(each.name.name);
    if (each.type === 'TSTypeReference') names.add(each.typeName.name);
    if (each.type === 'TSInterfaceHeritage') names.add(each.expression.name);
    for (const value of Object.values(each)) walk(value);
  };
  walk(node);
  for (const name of own) names.delete(name);
  return names;
}
