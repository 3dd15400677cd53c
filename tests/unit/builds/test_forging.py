"""What the words of a candidate in C, C++ and C# give away, and what they do not."""

from __future__ import annotations

import pytest

from forge_lsp.builds.c_family.forging import doubt_of as c_doubt
from forge_lsp.builds.csharp.forging import doubt_of as csharp_doubt
from tests.integration.proofs import Forgery
from tests.integration.proofs.c_family import HONEST, LYING, STUB
from tests.integration.proofs.csharp import PROJECTS as CSHARP

SHARP = CSHARP[0]


@pytest.mark.parametrize("forgery", [pytest.param(one, id=one.channel) for one in LYING])
def test_c_that_forges_is_doubted(forgery: Forgery) -> None:
    text = "\n".join((*forgery.imports, forgery.code))
    assert c_doubt(forgery.code, text, STUB, {"test_shapes.c"}) is not None


@pytest.mark.parametrize("honest", [pytest.param(one, id=one.channel) for one in HONEST])
def test_honest_c_is_not_doubted(honest: Forgery) -> None:
    text = "\n".join((*honest.imports, honest.code))
    assert c_doubt(honest.code, text, STUB, {"test_shapes.c"}) is None


@pytest.mark.parametrize("forgery", [pytest.param(one, id=one.channel) for one in SHARP.forgeries])
def test_csharp_that_forges_is_doubted(forgery: Forgery) -> None:
    assert csharp_doubt(forgery.code, SHARP.stub, {"SizesTests.cs"}) is not None


@pytest.mark.parametrize("honest", [pytest.param(one, id=one.channel) for one in SHARP.honest])
def test_honest_csharp_is_not_doubted(honest: Forgery) -> None:
    assert csharp_doubt(honest.code, SHARP.stub, {"SizesTests.cs"}) is None


def test_what_the_user_wrote_is_not_held_against_a_candidate() -> None:
    user = "int area(int a, int b) {\n    signal(SIGINT, stop);\n    return 0;\n}\n"
    code = "int area(int a, int b) {\n    signal(SIGINT, stop);\n    return a * b;\n}"
    assert c_doubt(code, code, user, ()) is None
