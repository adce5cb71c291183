import { spawnSync } from 'node:child_process';

/** Whether there is a shell with the tools that pipelines and recipes are written with. */
export const hasShellTools = ['find', 'xargs', 'basename', 'sort', 'head', 'cp', 'mkdir'].every(
  (tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0,
);
