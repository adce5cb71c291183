import type { LayerKind } from '../networks/types.js';

/** Text that comes from a file or a user, as it may stand in SVG and HTML. */
export function escapeXml(text: string): string {
  return (
    text
      // Characters that XML 1.0 does not allow even as references.
      // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;')
  );
}

/** The d3-scale functions that plots use; loaded by the caller, only when something is drawn. */
export type Scales = typeof import('d3-scale');

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  /** A complete SVG document. */
  readonly svg: string;
}

/** After Okabe and Ito 2008, whose colours people with any colour vision tell apart; a lighter set on dark ground. */
const LIGHT = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#b0508a',
  '#7a6a00',
  '#333333',
  '#56b4e9',
  '#8c4a2f',
  '#5b4bb7',
  '#8a8f98',
];
const DARK = [
  '#56a8e0',
  '#ff8f4a',
  '#35c79b',
  '#e59ac8',
  '#d8c94a',
  '#dddddd',
  '#9ad4f5',
  '#d39b80',
  '#a79bff',
  '#a9b0ba',
];

interface Theme {
  readonly ground: string;
  readonly ink: string;
  readonly faint: string;
  readonly colours: readonly string[];
}

/** Written out instead of CSS variables, which many viewers and librsvg do not know. */
function rules({ ground, ink, faint, colours }: Theme): string {
  return [
    `.ground{fill:${ground}}text{fill:${ink}}.grid{stroke:${faint}}.axis,.dash,.ring,.hollow,.leader{stroke:${ink}}.hollow,.hit{fill:${ink}}`,
    ...colours.map((colour, index) => `.f${index}{fill:${colour}}.s${index}{stroke:${colour}}`),
  ].join('');
}

const STYLE = `svg{font:14px system-ui,"Segoe UI","DejaVu Sans",sans-serif}.title{font-size:20px;font-weight:600}.small{font-size:12px}
text,path{pointer-events:none}.grid,.axis{stroke-width:1}.dash{stroke-width:1.5;stroke-dasharray:6 5;fill:none}.ring{fill:none;stroke-width:1}
.bubble{fill-opacity:.55;stroke-width:1.5}.bar{fill-opacity:.85}.hit{fill-opacity:0}.mark:focus{outline:none}.bubble:hover,.bubble:focus,.mark:hover .bar,.mark:focus .bar{fill-opacity:1}.mark:hover .hit,.mark:focus .hit{fill-opacity:.06}
.hollow{fill-opacity:.06;stroke-width:1.25;stroke-dasharray:3 2}.hollow:hover,.hollow:focus{fill-opacity:.25;outline:none}
.leader{fill:none;stroke-width:.75;stroke-opacity:.7}
.thin{fill:none;stroke-width:1.25;stroke-opacity:.6}
${rules({ ground: '#ffffff', ink: '#222222', faint: '#dcdcdc', colours: LIGHT })}
@media (prefers-color-scheme:dark){${rules({ ground: '#15181c', ink: '#e8e8e8', faint: '#353b42', colours: DARK })}}`;

/** How many colours there are; more kinds than that share them. */
export const COLOURS = LIGHT.length;

export function drawPicture(width: number, height: number, title: string, body: readonly string[]): Picture {
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escapeXml(title)}</title><style>${STYLE}</style>`,
    `<rect class="ground" width="${width}" height="${height}"/>`,
    ...body,
    '</svg>',
  ].join('\n');
  return { width, height, title, svg: `${svg}\n` };
}

export interface TextOptions {
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly style?: string;
  readonly rotate?: number;
}

export function drawText(x: number, y: number, text: string, options: TextOptions = {}): string {
  const { anchor = 'start', style, rotate } = options;
  const at = `x="${round(x)}" y="${round(y)}"`;
  const turned = rotate === undefined ? '' : ` transform="rotate(${rotate} ${round(x)} ${round(y)})"`;
  return `<text ${at} text-anchor="${anchor}"${style ? ` class="${style}"` : ''}${turned}>${escapeXml(text)}</text>`;
}

export function drawLine(x1: number, y1: number, x2: number, y2: number, style: string): string {
  return `<line class="${style}" x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"/>`;
}

export function drawPath(points: readonly (readonly [number, number])[], style: string): string {
  const steps = points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`).join('');
  return `<path class="${style}" d="${steps}"/>`;
}

/** A point that says its values when the pointer is on it. */
export function drawBubble(x: number, y: number, radius: number, colour: number, tip: string): string {
  const at = `cx="${round(x)}" cy="${round(y)}" r="${round(radius)}"`;
  return `<circle class="mark bubble f${colour} s${colour}" tabindex="0" ${at}><title>${escapeXml(tip)}</title></circle>`;
}

/** A point that is not this program's own: an outline. */
export function drawRing(x: number, y: number, radius: number, tip: string): string {
  const at = `cx="${round(x)}" cy="${round(y)}" r="${round(radius)}"`;
  return `<circle class="mark hollow" tabindex="0" ${at}><title>${escapeXml(tip)}</title></circle>`;
}

/** A bar in a row of `room` pixels, all of which say its value: many bars are thinner than a pointer. */
export function drawBar(
  { x, y, width, height }: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  room: number,
  colour: number,
  tip: string,
): string {
  const at = `x="${round(x)}" y="${round(y)}" height="${round(height)}"`;
  const bars = `<rect class="hit" ${at} width="${round(room)}"/><rect class="bar f${colour}" ${at} width="${round(Math.max(width, 0.5))}"/>`;
  return `<g class="mark" tabindex="0"><title>${escapeXml(tip)}</title>${bars}</g>`;
}

const KINDS: Readonly<Record<LayerKind, number>> = {
  conv: 0,
  depthwise: 1,
  pointwise: 2,
  dense: 3,
  add: 4,
  multiply: 4,
  subtract: 4,
  maximum: 4,
  minimum: 4,
  activation: 5,
  prelu: 5,
  averagePool: 6,
  globalAveragePool: 6,
  maxPool: 7,
  globalMaxPool: 7,
  scale: 8,
  concat: 8,
  slice: 8,
  pad: 8,
  crop: 8,
  resize: 8,
  flatten: 8,
  softmax: 9,
};

/** Of a layer's kind the same in every picture. */
export function colourOfKind(kind: LayerKind): number {
  return KINDS[kind];
}

const LEGEND_LINE = 22;

/** Coloured discs with names, in rows that end before `right`; the width of each name is estimated. */
export function drawLegend(
  x: number,
  y: number,
  names: readonly string[],
  colours: readonly number[] = names.map((_, index) => index % COLOURS),
  right = Number.POSITIVE_INFINITY,
): string[] {
  let [left, line] = [x, y];
  return names.flatMap((name, index) => {
    const width = 18 + textWidth(name);
    if (left > x && left + width > right) [left, line] = [x, line + LEGEND_LINE];
    const parts = [
      `<circle class="f${colours[index]}" cx="${round(left + 6)}" cy="${round(line - 5)}" r="6"/>`,
      drawText(left + 18, line, name),
    ];
    left += width + 22;
    return parts;
  });
}

/** An upper bound for 14 pixels of a common sans-serif. */
export function textWidth(text: string, size = 14): number {
  return text.length * size * 0.6;
}

function round(value: number): string {
  return String(Number(value.toFixed(2)));
}
