"""Binder on this machine: the reader's environment, JupyterLab and a browser.

What repo2docker does is done without a container: Python as binder/runtime.txt says, the packages
of binder/requirements.txt, then binder/postBuild, in a clean copy of what is committed.
"""

import json
import os
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import nbformat
import psutil

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 300  # seconds that a busy machine may take to start a server, a page or a kernel
TOKEN = "of-this-machine-alone"
SAVED = "!document.querySelector('.lm-TabBar-tab.jp-mod-dirty')"
BUSY = "[*]"  # JupyterLab's mark of a cell that waits or runs


class BinderError(Exception):
    """A notebook that does not run to its end in JupyterLab."""


def check_out(folder):
    """Write what is committed into a folder, and take the stored outputs from the notebooks.

    Without them an output that is there afterwards was made by the run.
    """
    folder.mkdir(parents=True)
    packed = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True)
    subprocess.run(["tar", "-x"], cwd=folder, input=packed.stdout, check=True)
    for path in (folder / "book").glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        for cell in code_cells(notebook):
            cell.outputs, cell.execution_count = [], None
        nbformat.write(notebook, path)
    return folder


def install(folder, checkout):
    """Make the environment as Binder does; return its folder of programs."""
    asked = [ROOT / "tools/setup.sh", "uv"]
    uv = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    python = (checkout / "binder/runtime.txt").read_text().strip().removeprefix("python-")
    subprocess.run([uv, "venv", "--quiet", "--seed", "--python", python, folder], check=True)
    own = os.environ | {"VIRTUAL_ENV": str(folder), "PATH": f"{folder}/bin:{os.environ['PATH']}"}
    lock = ["pip", "install", "--quiet", "-r", "binder/requirements.txt"]
    subprocess.run([uv, *lock], cwd=checkout, env=own, check=True)
    subprocess.run(["binder/postBuild"], cwd=checkout, env=own, check=True)
    return folder / "bin"


def code_cells(notebook):
    """Cells of a notebook that are to be run."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


@contextmanager
def server(programs, checkout, home):
    """JupyterLab of an environment, in a checkout, with a home of its own; gives a Lab."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home.mkdir(parents=True, exist_ok=True)
    own = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("JUPYTER", "IPYTHON", "MPL", "PYTHONPATH"))
    }
    own |= {"HOME": str(home), "PATH": f"{programs}:{os.environ['PATH']}"}
    options = [f"--port={port}", f"--IdentityProvider.token={TOKEN}", "--ip=127.0.0.1"]
    command = [programs / "jupyter", "lab", "--no-browser", "--allow-root", *options]
    with (home / "server.log").open("w") as log:
        process = subprocess.Popen(command, cwd=checkout, env=own, stdout=log, stderr=log)
        try:
            lab = Lab(f"http://127.0.0.1:{port}", checkout, process.pid)
            lab.wait_until_up(process, home / "server.log")
            yield lab
        finally:
            process.terminate()
            process.wait(30)


class Lab:
    """A running JupyterLab, used as a reader uses it."""

    def __init__(self, address, checkout, pid):
        self.address, self.checkout, self.pid = address, checkout, pid

    def ask(self, path, method="GET"):
        """Ask the server's own interface."""
        head = {"Authorization": f"token {TOKEN}"}
        with urlopen(Request(f"{self.address}/api/{path}", method=method, headers=head)) as reply:
            return json.loads(reply.read() or "null")

    def wait_until_up(self, process, log):
        """Wait for the first answer."""
        for _ in range(PATIENCE * 4):
            try:
                return self.ask("status")
            except OSError:
                if process.poll() is not None:
                    break
                time.sleep(0.25)
        raise BinderError(f"JupyterLab does not start:\n{log.read_text()[-2000:]}")

    def run(self, browser, name, seconds=1800):
        """Open a notebook, run all its cells from the menu, and measure.

        Returns
        -------
        dict
            Seconds from the click to the end, seconds of processor time, and the most memory in GiB
            that the server and its kernel held together.

        Raises
        ------
        BinderError
            If a cell fails or does not run, or the time is up.
        """
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE * 1000)
        try:
            page.goto(f"{self.address}/lab/tree/book/{name}?token={TOKEN}&reset")
            self.wait_for_kernel(page, time.monotonic() + PATIENCE)
            with Meter(self.pid) as meter:
                choose(page, "Run", "Run All Cells")
                self.wait_until_done(page, name, time.monotonic() + seconds)
            return meter.reading()
        finally:
            page.close()
            for session in self.ask("sessions"):
                self.ask(f"sessions/{session['id']}", "DELETE")

    def wait_for_kernel(self, page, deadline):
        """Wait until server and page agree that a kernel waits for work."""
        while not self.rests() and time.monotonic() < deadline:
            time.sleep(0.5)
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()

    def wait_until_done(self, page, name, deadline):
        """Save whenever the kernel rests, until every cell of the saved file has run."""
        path, cells, rests = self.checkout / "book" / name, [], 0
        while time.monotonic() < deadline and rests < 10:
            time.sleep(0.5)
            refuse_dialogs(page, name)
            if page.locator(f".jp-InputPrompt:text-is('{BUSY}:')").count() or not self.rests():
                continue
            choose(page, "File", "Save Notebook")
            refuse_dialogs(page, name)
            page.wait_for_function(SAVED)
            if not (text := path.read_text(encoding="utf-8")):
                continue  # just being written
            cells = code_cells(nbformat.reads(text, as_version=4))
            refuse_errors(cells, name)
            if all(cell.execution_count for cell in cells):
                return
            rests += 1
        left = [number for number, cell in enumerate(cells, 1) if not cell.execution_count]
        raise BinderError(f"{name} did not run to its end; code cells left: {left or 'unknown'}")

    def rests(self):
        """Tell whether the kernel has nothing to do."""
        states = [session["kernel"]["execution_state"] for session in self.ask("sessions")]
        return states == ["idle"]


def choose(page, menu, entry):
    """Click on an entry of the menu bar."""
    page.locator(".lm-MenuBar-item", has_text=menu).first.click()
    page.locator(".lm-Menu-item", has=page.get_by_text(entry, exact=True)).first.click()


def refuse_dialogs(page, name):
    """Raise a BinderError for a question or message that covers the page.

    A slow machine makes JupyterLab think that its own save was another's; that one is answered.
    """
    time.sleep(0.5)
    if page.get_by_role("button", name="Overwrite").count():
        page.get_by_role("button", name="Overwrite").click()
    elif page.locator(".jp-Dialog").count():
        raise BinderError(f"{name}: {page.locator('.jp-Dialog').inner_text()}")


def refuse_errors(cells, name):
    """Raise a BinderError for the first cell that shows an error."""
    for number, cell in enumerate(cells, start=1):
        for output in cell.outputs:
            if output.output_type == "error":
                raise BinderError(f"{name}, code cell {number}: {output.ename}: {output.evalue}")


class Meter:
    """Measure a process and its children, while it is open, every quarter of a second.

    Memory is the proportional set size: pages that processes share are counted once.
    """

    def __init__(self, pid):
        self.process, self.peak, self.cpu = psutil.Process(pid), 0, {}
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def __enter__(self):
        self.look()
        self.before, self.start = sum(self.cpu.values()), time.monotonic()
        self.thread.start()
        return self

    def __exit__(self, *failure):
        self.seconds = time.monotonic() - self.start
        self.done.set()
        self.thread.join()

    def watch(self):
        """Look until told that it is done."""
        while not self.done.wait(0.25):
            self.look()

    def look(self):
        """Add up all processes that are there."""
        memory = 0
        for process in [self.process, *self.process.children(recursive=True)]:
            try:
                memory += process.memory_full_info().pss
                self.cpu[process.pid] = sum(process.cpu_times()[:2])
            except psutil.NoSuchProcess:
                continue
        self.peak = max(self.peak, memory)

    def reading(self):
        """Seconds, seconds of processor time and GiB."""
        cpu = sum(self.cpu.values()) - self.before
        return {"seconds": self.seconds, "cpu_seconds": cpu, "peak_gib": self.peak / 2**30}
