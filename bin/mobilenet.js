#!/usr/bin/env node
// CommonJS (see package.json here): Node starts it faster than a module, and may keep the compiled code (Node ≥ 22).
require('node:module').enableCompileCache?.();
require('../dist/code/command.cjs').main(process.argv.slice(2));
