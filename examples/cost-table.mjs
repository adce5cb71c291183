// What each network costs at several resolutions; no weights are needed.
//
//   node cost-table.mjs 224 160
import { cost, networks } from 'mobilenet';

const resolutions = process.argv.slice(2).map(Number);
if (resolutions.length === 0) resolutions.push(224);

const rows = Object.entries(networks).flatMap(([id, { title, costOnly }]) =>
  costOnly
    ? []
    : resolutions.map((resolution) => {
        const { macs, params, memory } = cost(id, { resolution });
        return {
          network: title,
          resolution,
          'million MACs': Math.round(macs / 1e6),
          'million parameters': Number((params.trainable / 1e6).toFixed(2)),
          'MB of weights': Number((memory.weights / 1e6).toFixed(1)),
        };
      }),
);
console.table(rows);
