"""One `mobilenet` process that stays, for programs that have images in memory (`classify --stdin-frames`)."""

import contextlib
import functools
import itertools
import json
import os
import queue
import struct
import subprocess
import threading

# With these settings of the C library, memory does not grow and `mobilenet` needs no second process.
ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": "32768", "MALLOC_ARENA_MAX": "2"}
# Images that wait for their rows are kept, as another process may need them: at most so many.
MOST_WAITING = 32
MOST_DEATHS = 3


@functools.cache
def kept_classifier(*options):
    """The classifier with these options that this Python process keeps, so that later tasks find it running."""
    return Classifier(*options)


class Classifier:
    """Starts the process when it is needed; `options` are those of `mobilenet classify`, such as "--top", "1"."""

    def __init__(self, *options):
        self._command = ["mobilenet", "classify", "--stdin-frames", "--format", "jsonl", "--quiet", *options]
        self._process = None

    def classify(self, images):
        """
        Rows, as dictionaries, for pairs of a key and the bytes of an image, in their order, as they are done. A process
        that is killed is replaced, and the next one gets the images that have no row yet.
        """
        images = iter(images)
        deaths = 0
        is_done = False
        try:
            while not is_done:
                process = self._start()
                sent = queue.Queue(MOST_WAITING)
                threading.Thread(target=_send, args=(images, process.stdin, sent), daemon=True).start()
                while (image := _next(sent)) is not None:
                    row = process.stdout.readline()
                    if not row.endswith(b"\n"):
                        break
                    deaths = 0
                    yield json.loads(row)
                else:
                    is_done = True
                    return
                code = process.wait()
                self._process = None
                deaths += 1
                # Below 0, or from a shell above 128: by a signal.
                if 0 <= code <= 128 or deaths == MOST_DEATHS:
                    raise RuntimeError(f"mobilenet ended with exit code {code}")
                images = itertools.chain([image, *iter(lambda: _next(sent), None)], images)
        finally:
            # Rows that nobody has read would be taken for those of the next images.
            if not is_done and self._process:
                self._process.kill()
                self.close()

    def close(self):
        """Ends the process."""
        if self._process:
            with contextlib.suppress(OSError):  # It may have ended with images on their way.
                self._process.stdin.close()
            self._process.stdout.close()
            self._process.wait()
            self._process = None

    def _start(self):
        if self._process is None:
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 2**16, "pipesize": 2**20}
            self._process = subprocess.Popen(self._command, env={**os.environ, **ENVIRONMENT}, **pipes)
        return self._process


def _send(images, stdin, sent):
    """Sends images until the process has ended, and says so; `sent` gets each of them, and an error of `images`."""
    try:
        for key, image in images:
            sent.put((key, image))
            name = key.encode()
            try:
                stdin.write(struct.pack(f">I{len(name)}sI", len(name), name, len(image)))
                stdin.write(image)
                stdin.flush()
            except (OSError, ValueError):  # The process has ended.
                break
    except Exception as error:
        sent.put(error)
    sent.put(None)


def _next(sent):
    image = sent.get()
    if isinstance(image, Exception):
        raise image
    return image
