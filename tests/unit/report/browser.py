"""Headless Chromium in a network namespace of its own, spoken to over pipes."""

import json
import os
import shutil
import subprocess

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# A network namespace of its own: nothing that the page or the browser wants can leave, and nothing can answer.
ALONE = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]


def can_be_alone():
    try:
        return subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


class Browser:
    """Headless Chromium spoken to over a pair of pipes; `events` is everything it reported."""

    def __init__(self, profile):
        read_in, self._write = os.pipe()
        self._read, write_out = os.pipe()
        flags = [
            "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", f"--user-data-dir={profile}", "--remote-debugging-pipe",
        ]  # fmt: skip
        # Chromium reads commands from descriptor 3 and answers on 4.
        shell = f'exec 3<&{read_in} 4>&{write_out}; exec "$@"'
        self._process = subprocess.Popen(
            [*ALONE, "bash", "-c", shell, "bash", CHROMIUM, *flags, "about:blank"],
            pass_fds=(read_in, write_out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(read_in)
        os.close(write_out)
        self._number, self._rest, self._session, self.events = 0, b"", None, []
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log", "Audits"):
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        answer = self.read_until(lambda said: said.get("id") == self._number)
        assert "error" not in answer, answer
        return answer["result"]

    def read_until(self, wanted):
        """The first message that is `wanted`; the others before it become events."""
        while True:
            while b"\0" not in self._rest:
                chunk = os.read(self._read, 1 << 16)
                assert chunk, "the browser went away"
                self._rest += chunk
            one, _, self._rest = self._rest.partition(b"\0")
            said = json.loads(one)
            if wanted(said):
                return said
            self.events.append(said)

    def open(self, path, fragment=""):
        # A blank page between, since a move to another fragment of the same file would load nothing.
        for url in ("about:blank", path.as_uri() + fragment):
            self.load("Page.navigate", url=url)

    def load(self, method, **params):
        self.events.clear()
        self.call(method, **params)
        if not self.said("Page.loadEventFired"):
            self.read_until(lambda said: said.get("method") == "Page.loadEventFired")

    def run(self, script):
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def key(self, name, code):
        for kind in ("rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=code)

    def said(self, *methods):
        return [e for e in self.events if e["method"] in methods]

    def close(self):
        self._process.kill()
        self._process.wait()
        os.close(self._read)
        os.close(self._write)
