#!/usr/bin/env node
// CommonJS (see package.json here): Node starts it faster than a module.
require('../dist/code/start.cjs');
