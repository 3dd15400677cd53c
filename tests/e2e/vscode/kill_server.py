"""kill_server.py CONFIG: kill the language server that runs with this FORGE_CONFIG, both of its processes, and no
other, as soon as its ledger has an attempt that began."""

import os
import signal
import sqlite3
import sys
import time
from pathlib import Path

BEGUN = "SELECT count(*) FROM events WHERE type = 'attempt.started'"


def begun(ledger: Path) -> bool:
    """Whether an attempt is in the ledger: what is only about to be written there, a process that is killed loses."""
    try:
        with sqlite3.connect(f"file:{ledger}?mode=ro", uri=True) as database:
            return database.execute(BEGUN).fetchone()[0] > 0
    except sqlite3.Error:
        return False


ledger = Path(sys.argv[1]).parent / "state" / "ledger.db"  # as the tests' FORGE_STATE__DIR says
patience = time.monotonic() + 20
while not begun(ledger) and time.monotonic() < patience:
    time.sleep(0.05)

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
