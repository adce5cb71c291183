import type { CostRecord, DescribeOptions } from './cost/describe.js';
import type { NetworkFacts } from './report/cost-text.js';
export async function costFile(
  _path: string,
  _options: DescribeOptions & { readonly resolution?: number },
): Promise<{ record: CostRecord; facts: NetworkFacts }> {
  throw new Error('later');
}
