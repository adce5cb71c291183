// An HTTP endpoint on this machine: POST an image, get its predictions as JSON.
//
//   node http-server.mjs 8080
//   curl --data-binary @photo.jpg http://127.0.0.1:8080/
import { createServer } from 'node:http';
import { ImageError, load } from 'mobilenet';

const model = await load();

const server = createServer(async (request, response) => {
  const reply = (status, body) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(`${JSON.stringify(body)}\n`);
  };
  if (request.method !== 'POST') return reply(405, { error: 'POST an image' });
  // A client that goes away must not leave work behind.
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  try {
    // A request is a stream of bytes: no need to collect it first.
    const { predictions } = await model.classify(request, { signal: gone.signal });
    reply(200, { predictions });
  } catch (error) {
    if (gone.signal.aborted) return;
    const isOfImage = error instanceof ImageError;
    if (!isOfImage) console.error(error);
    reply(isOfImage ? 422 : 500, { error: isOfImage ? error.message : 'internal error' });
  }
});

const port = Number(process.argv[2] ?? 8080);
server.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close();
    model.close();
  });
}
