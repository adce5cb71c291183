import { describe, expect, it } from 'vitest';
import { cost } from '../../src/cost/cost.js';
import { publishedAccuracies, publishedCounts } from '../../src/cost/published.js';
import { publishedOthers } from '../../src/cost/published-others.js';
import { LayerList } from '../../src/networks/layer-list.js';
import { resolve } from '../../src/networks/resolve.js';
import { alexnet, countRows, googlenet, squeezenet, vgg16, vgg16Convolutions } from './other-networks.js';
import { type Cell, paperCells } from './paper-tables.js';

const nameOf = ({ table, row, column, printed }: Cell) => `table ${table}, ${row}, ${column}: ${printed}`;
const reproduced = paperCells.filter(({ reason }) => reason === undefined);
const listed = paperCells.filter(({ reason }) => reason !== undefined);

describe('arXiv:1704.04861, tables 1 to 10', () => {
  it('has every figure, and each one once', () => {
    const perTable = Array.from(
      { length: 10 },
      (_, index) => paperCells.filter(({ table }) => table === index + 1).length,
    );
    expect(perTable).toEqual([30 * 3, 4 * 2, 4 * 2, 2 * 3, 2 * 3, 4 * 3, 4 * 3, 3 * 3, 3 * 3, 5 * 3]);
    expect(new Set(paperCells.map((cell) => `${cell.table} ${cell.row} ${cell.column}`)).size).toBe(paperCells.length);
    expect([reproduced.length, listed.length]).toEqual([145, 30]);
  });

  it.each(reproduced.map((cell) => [nameOf(cell), cell] as const))('%s', (_, { printed, computed }) => {
    expect(computed).toBe(printed);
  });

  it('lists what is printed otherwise than it is, with what it is', () => {
    const differing = listed.filter(({ computed }) => computed !== undefined);
    expect(differing.map(({ table, row, printed, computed }) => [table, row, printed, computed])).toEqual([
      [1, 'row 26', 'Conv dw / s2', 'Conv dw / s1'],
      [2, 'Conv 3×3', '1.19', '1.91'],
      [8, 'GoogleNet', '1550', '1583'],
      [8, 'GoogleNet', '6.8', '7.0'],
      [9, 'SqueezeNet', '1700', '860'],
    ]);
  });

  it('lists what cannot be computed: accuracies, and one network with an unknown head', () => {
    const rest = listed.filter(({ computed }) => computed === undefined);
    expect(rest.filter(({ column }) => column === 'top-1, %').length).toBe(23);
    expect(rest.filter(({ column }) => column !== 'top-1, %').map(({ row, printed }) => `${row} ${printed}`)).toEqual([
      'Inception V3 5000',
      'Inception V3 23.2',
    ]);
  });

  it('is what `mobilenet cost` shows beside its own figures', () => {
    const ours = paperCells.filter(({ table, row }) => table >= 4 && row.includes('MobileNet'));
    expect(ours.length).toBe(3 * (2 + 2 + 4 + 4 + 1 + 1 + 4));
    for (const { table, column, printed } of ours) {
      if (column === 'top-1, %') {
        const has = publishedAccuracies().some(
          ({ top1, source }) => top1.toFixed(1) === printed && isFrom(source, table),
        );
        // Tables 8 and 9 repeat rows of others; those of dogs are no ImageNet accuracies.
        expect(has || table === 10, `${table}: ${printed} %`).toBe(true);
        continue;
      }
      const quantity = column === 'mult-adds, M' ? 'MACs' : 'parameters';
      const has = publishedCounts().some(
        (row) => row.quantity === quantity && row.printed === printed && isFrom(row.source, table),
      );
      expect(has, `${table}: ${printed} ${quantity}`).toBe(true);
    }
  });
});

/** `arXiv:1704.04861, tables 4 to 9`, or a list of tables. */
function isFrom(source: string, table: number): boolean {
  if (!source.startsWith('arXiv:1704.04861, table')) return false;
  const range = /tables (\d+) to (\d+)/.exec(source);
  if (range) return table >= Number(range[1]) && table <= Number(range[2]);
  return [...source.slice('arXiv:1704.04861'.length).matchAll(/\d+/g)].some(([number]) => Number(number) === table);
}

describe('networks of other authors', () => {
  it('layer by layer', () => {
    // The totals that frameworks print for the weights that the authors published.
    expect([alexnet, vgg16, squeezenet].map(countRows).map(({ weights, biases }) => weights + biases)).toEqual([
      60_965_224, 138_357_544, 1_248_424,
    ]);
    expect([alexnet, vgg16Convolutions, vgg16, squeezenet, googlenet].map((rows) => countRows(rows).macs)).toEqual([
      724_406_816, 15_346_630_656, 15_470_264_320, 861_339_936, 1_582_671_872,
    ]);
  });

  it('VGG 16 as a network of this project’s layers counts the same', () => {
    const list = new LayerList();
    for (const [index, [side, , , channels]] of vgg16Convolutions.entries()) {
      list.conv(`conv${index}`, channels, 3, { batchNorm: false, bias: true });
      const next = vgg16Convolutions[index + 1]?.[0] ?? 7;
      if (next < side) list.maxPool(`pool${index}`, 2, 2);
    }
    list.conv('fc6', 4096, 7, { batchNorm: false, bias: true, padding: 'valid' });
    list.dense('fc7', 4096);
    list.dense('fc8', 1000);
    const network = { id: 'vgg16', alpha: 1, classes: 1000, inputChannels: 3, layers: list.layers };
    const { macs, params } = cost(resolve(network, { resolution: 224 }));
    const { weights, biases } = countRows(vgg16);
    expect([macs, params.weights, params.trainable]).toEqual([countRows(vgg16).macs, weights, weights + biases]);
  });

  it('are shown as printed, with what their layers give', () => {
    const text = (macs: number) => `${(macs / 1e6).toFixed(2)} M`;
    const remark = (name: string) => publishedOthers.find(({ network }) => network === name)!.remark;
    expect(remark('GoogleNet')).toContain(text(countRows(googlenet).macs));
    expect(remark('GoogleNet')).toContain(text(countRows(googlenet).weights));
    expect(remark('VGG 16')).toContain(text(countRows(vgg16Convolutions).macs));
    expect(remark('VGG 16')).toContain(text(countRows(vgg16).macs));
    expect(remark('SqueezeNet')).toContain(text(countRows(squeezenet).macs));
    const { macs, weights, biases } = countRows(alexnet);
    expect(remark('AlexNet')).toContain(`${text(macs)} and ${text(weights + biases)}`);
  });

  it.each([8, 9])('table %d’s are all there', (table) => {
    const rows = paperCells.filter((cell) => cell.table === table && !cell.row.includes('MobileNet'));
    for (const name of new Set(rows.map(({ row }) => row))) {
      const [top1, macs, params] = rows.filter(({ row }) => row === name).map(({ printed }) => printed);
      const found = publishedOthers.find(({ network }) => network === name)!;
      expect([found.top1, found.macs, found.params]).toEqual([
        Number(top1),
        Math.round(Number(macs) * 1e6),
        Math.round(Number(params) * 1e6),
      ]);
      const source = `arXiv:1704.04861, table ${table}`;
      expect(found.printed).toEqual({ macs: `${macs} M`, params: `${params} M`, source });
    }
  });
});
