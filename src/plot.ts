import type { CostRecord } from './cost/describe.js';
import type { Summary } from './cost/summary.js';
export async function plotCost(_path: string, _record: CostRecord): Promise<void> {}
export async function plotSummaries(_path: string, _rows: readonly Summary[]): Promise<void> {}
