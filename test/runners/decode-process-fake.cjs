// Stands for a decoder that has faults of its own: what it does is in the picture's name.
process.on('message', (message) => {
  if (message.file === undefined) return setTimeout(() => process.send({ ready: true }), message.maxPixels);
  if (message.file.startsWith('hang')) for (;;);
  if (message.file.startsWith('crash')) process.kill(process.pid, 'SIGSEGV');
  if (message.file.startsWith('exit')) process.exit(3);
  else process.send({ job: message.job, prepared: new Float32Array([message.job, process.pid]), decode: 1 });
});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
