export * from '../weights/sniff.js';
