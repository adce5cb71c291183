"""One `mobilenet` process that stays, for programs that have images in memory (`classify --stdin-frames`)."""

import json
import struct
import subprocess
import threading


class Classifier:
    """Starts the process; `options` are those of `mobilenet classify`, such as "--top", "1"."""

    def __init__(self, *options):
        command = ["mobilenet", "classify", "--stdin-frames", "--format", "jsonl", "--quiet", *options]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def classify(self, images):
        """Rows, as dictionaries, for pairs of a key and the bytes of an image, in their order, as they are done."""
        sent = iter(images)
        count = 0
        is_all = False
        failure = None

        def send():
            nonlocal count, is_all, failure
            try:
                for key, image in sent:
                    name = key.encode()
                    with changed:
                        count += 1
                        changed.notify()
                    self._process.stdin.write(struct.pack(">I", len(name)) + name + struct.pack(">I", len(image)))
                    self._process.stdin.write(image)
                    self._process.stdin.flush()
            except Exception as error:  # Of the images, or because the process has ended.
                failure = error
            with changed:
                is_all = True
                changed.notify()

        changed = threading.Condition()
        threading.Thread(target=send, daemon=True).start()
        received = 0
        while True:
            with changed:
                changed.wait_for(lambda: received < count or is_all)
                if received == count:
                    break
            line = self._process.stdout.readline()
            if not line:
                raise RuntimeError(f"mobilenet ended with exit code {self._process.wait()}")
            received += 1
            yield json.loads(line)
        if failure is not None:
            raise failure

    def close(self):
        """Ends the process."""
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
