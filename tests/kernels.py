"""Real kernels, each forked from a process that has ipykernel and torch imported: a fresh one costs little.

    python tests/kernels.py

For each line of its input, the path of a connection file and a folder in JSON, it forks a kernel that works there.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}
_IMPORTED = (  # by every kernel, or by many notebooks
    "ipykernel.debugger",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.extensions.storemagic",
    "matplotlib.figure",
    "pdb",
)


@dataclass(frozen=True)
class Kernels:
    """The process that forks them."""

    process: subprocess.Popen[str]

    @classmethod
    def start(cls) -> Kernels:
        """Start it; it is ready when it reads."""
        environment = {**os.environ, **_ENVIRONMENT}
        command = [sys.executable, __file__]
        return cls(
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                env=environment, start_new_session=True,
            )
        )  # fmt: skip

    def close(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(20)

    def run(self, cells: tuple[str, ...], folder: Path) -> list[Any]:
        """The cells as a notebook gives them back, after they have run in a new kernel in this folder."""
        import nbclient
        import nbformat
        from jupyter_client import AsyncKernelManager

        class Forked(AsyncKernelManager):
            """Knows that there is a kernel, which it did not start."""

            has_kernel = True

            async def is_alive(self) -> bool:
                return True

            async def shutdown_kernel(self, *_: Any, **__: Any) -> None:
                pass

        def note_end(cell: Any, execute_reply: Any, **_: Any) -> None:
            cell.metadata["raised"] = execute_reply["content"].get("ename")

        assert self.process.stdin is not None
        assert self.process.stdout is not None
        work = folder / "work"
        work.mkdir()
        manager = Forked(connection_file=str(folder / "kernel.json"), transport="ipc", ip=str(folder / "kernel"))
        manager.write_connection_file()
        print(json.dumps([manager.connection_file, str(work)]), file=self.process.stdin, flush=True)
        pid = int(self.process.stdout.readline())
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        client = nbclient.NotebookClient(
            notebook, km=manager, allow_errors=True, timeout=60, coalesce_streams=True, on_cell_executed=note_end
        )
        try:
            asyncio.run(client.async_execute(cleanup_kc=False))
            return list(notebook.cells)
        finally:
            if client.kc is not None:
                client.kc.stop_channels()
            manager.context.destroy(linger=0)
            os.killpg(pid, signal.SIGKILL)


def main() -> None:
    """Fork a kernel for each line."""
    import importlib

    import ipykernel.kernelapp
    import torch

    for module in _IMPORTED:
        importlib.import_module(module)

    torch.set_num_threads(1)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    for line in sys.stdin:
        file, folder = json.loads(line)
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setpgid(0, 0)
            os.chdir(folder)
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(nowhere, stream)
            os.environ.update(HOME=os.path.dirname(folder), IPYTHONDIR=os.path.dirname(folder))
            sys.argv = ["ipykernel_launcher.py", "-f", file]
            sys.path[0] = ""
            ipykernel.kernelapp.IPKernelApp.launch_instance(["-f", file])
            os._exit(0)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
