"""kill_server.py CONFIG: kill the language server that runs with this FORGE_CONFIG, both of its processes, and no
other."""

import os
import signal
import sys
from pathlib import Path

wanted = f"FORGE_CONFIG={sys.argv[1]}".encode()
killed = 0
for process in Path("/proc").glob("[0-9]*"):
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
        mine = wanted in (process / "environ").read_bytes().split(b"\0")
    except OSError:
        continue
    if mine and any(word.endswith(b"/forge-lsp") for word in words[:2]):
        os.kill(int(process.name), signal.SIGKILL)
        killed += 1
sys.exit(0 if killed == 2 else f"{killed} servers were killed")
