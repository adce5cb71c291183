#!/usr/bin/env node
import { main } from '../dist/code/main.js';

await main(process.argv.slice(2));
