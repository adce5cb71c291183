import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { type Node, parseSync } from 'oxc-parser';

/** What a source file asks of others; names are as in the source. */
export interface SourceFile {
  /** Below the source root, with `/`. */
  readonly path: string;
  /** Sources by their path, packages and `node:` modules by their name; types too. */
  readonly imports: readonly string[];
  /** Imports of names that are put together at run time, as they are written. */
  readonly computedImports: readonly string[];
  /** What it uses without declaring it: `fetch`, `process.argv`; of `const { argv } = process` only `process`. */
  readonly globals: ReadonlySet<string>;
}

type Visit = (node: Node, parent: Node | undefined) => void;

/** Every `.ts` file below a folder. */
export function readSources(root: string): readonly SourceFile[] {
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => readSource(root, join(entry.parentPath, entry.name)))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** By path and text: copies of the sources are read again and again. */
const known = new Map<string, SourceFile>();

function readSource(root: string, path: string): SourceFile {
  const text = readFileSync(path, 'utf8');
  const key = `${below(root, path)}\n${text}`;
  const file = known.get(key) ?? parseSource(root, path, text);
  known.set(key, file);
  return file;
}

function parseSource(root: string, path: string, text: string): SourceFile {
  const { program, errors } = parseSync(path, text);
  if (errors[0]) throw new Error(`${path}: ${errors[0].message}`);
  const specifiers: string[] = [];
  const computedImports: string[] = [];
  const used = new Set<string>();
  const declared = new Set<string>();
  const requires = new Set(['require']);
  walk(program, (node) => {
    if (node.type === 'VariableDeclarator' && node.id.type === 'Identifier' && isCallOf(node.init, createsRequire)) {
      requires.add(node.id.name);
    }
  });
  const isRequire = (callee: Node): boolean =>
    (callee.type === 'Identifier' && requires.has(callee.name)) ||
    (callee.type === 'MemberExpression' && isRequire(callee.object) && propertyOf(callee) === 'resolve') ||
    isCallOf(callee, createsRequire);

  walk(program, (node, parent) => {
    const asked = moduleAskedBy(node, isRequire);
    if (asked?.type === 'Literal' && typeof asked.value === 'string') specifiers.push(asked.value);
    else if (asked) computedImports.push(text.slice(node.start, node.end));
    for (const name of namesDeclaredBy(node)) declared.add(name);
    const name = nameUsedBy(node, parent);
    if (name !== undefined) used.add(name);
  });
  return {
    path: below(root, path),
    imports: [...new Set(specifiers.map((specifier) => targetOf(root, path, specifier)))],
    computedImports,
    globals: new Set([...used].filter((name) => !declared.has(name.split('.')[0] ?? name))),
  };
}

/** What names a module in this node: an expression, most often a literal. */
function moduleAskedBy(node: Node, isRequire: (callee: Node) => boolean): Node | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ExportNamedDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return node.source ?? undefined;
    case 'TSExternalModuleReference':
      return node.expression;
    case 'CallExpression':
      return isRequire(node.callee) ? node.arguments[0] : undefined;
    default:
      return undefined;
  }
}

function createsRequire(callee: Node): boolean {
  return (
    (callee.type === 'Identifier' && callee.name === 'createRequire') ||
    (callee.type === 'MemberExpression' && propertyOf(callee) === 'createRequire')
  );
}

function isCallOf(node: Node | null | undefined, test: (callee: Node) => boolean): boolean {
  return node?.type === 'CallExpression' && test(node.callee);
}

function propertyOf({ property, computed }: Extract<Node, { type: 'MemberExpression' }>): string | undefined {
  if (!computed) return property.type === 'Identifier' ? property.name : undefined;
  return property.type === 'Literal' ? String(property.value) : undefined;
}

/** An identifier with its first property, where there is one that is written out. */
function nameUsedBy(node: Node, parent: Node | undefined): string | undefined {
  if (node.type !== 'Identifier' || isProperty(node, parent)) return undefined;
  if (parent?.type !== 'MemberExpression' || parent.object !== node) return node.name;
  const property = propertyOf(parent);
  if (property === undefined) return node.name;
  return node.name === 'globalThis' ? property : `${node.name}.${property}`;
}

/** `name` in `object.name`, `{ name: value }`, a class's or an interface's `name`. */
function isProperty(node: Node, parent: Node | undefined): boolean {
  if (!parent) return false;
  if (parent.type === 'MemberExpression') return parent.property === node && !parent.computed;
  if (parent.type === 'TSQualifiedName') return parent.right === node;
  return 'key' in parent && parent.key === node && !('computed' in parent && parent.computed);
}

/** Variables, parameters, functions, classes and imports. In whichever scope: one name means one thing in a file here. */
function namesDeclaredBy(node: Node): string[] {
  const patterns: unknown[] = [];
  if (node.type === 'VariableDeclarator') patterns.push(node.id);
  if ('params' in node && Array.isArray(node.params)) patterns.push(...node.params);
  if (/^(Function|Class)Declaration$/.test(node.type) && 'id' in node) patterns.push(node.id);
  if ('local' in node && /^Import\w*Specifier$/.test(node.type)) patterns.push(node.local);
  return patterns.filter(isNode).flatMap(namesIn);
}

function namesIn(pattern: Node): string[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name];
    case 'ObjectPattern':
      return pattern.properties.flatMap((property) =>
        namesIn(property.type === 'Property' ? property.value : property),
      );
    case 'ArrayPattern':
      return pattern.elements.flatMap((element) => (element ? namesIn(element) : []));
    case 'AssignmentPattern':
      return namesIn(pattern.left);
    case 'RestElement':
      return namesIn(pattern.argument);
    case 'TSParameterProperty':
      return namesIn(pattern.parameter);
    default:
      return [];
  }
}

function walk(node: Node, visit: Visit, parent?: Node): void {
  visit(node, parent);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) walk(child, visit, node);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function targetOf(root: string, path: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  return below(root, resolve(dirname(path), specifier)).replace(/\.js$/, '.ts');
}

function below(root: string, path: string): string {
  return relative(root, path).replaceAll(sep, '/');
}
