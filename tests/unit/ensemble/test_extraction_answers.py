"""Answers in every dress: thoughts in many marks, fences in many forms, diffs, JSON, numbers, quotations."""

from __future__ import annotations

import json

import pytest

from tests.support import lang
from tests.support.landing import landed, landing_task

TEXT = "def f(a):\n    |>return a + 1\n"
RIGHT = "def f(a):\n    return a + 2"
OTHER = "def f(a):\n    return a + 9"


def fence(code: str, info: str = "python") -> str:
    return f"```{info}\n{code}\n```\n"


ANSWERS = [
    ("think tags", f"<think>\n{fence(OTHER)}\n</think>\n{fence(RIGHT)}"),
    ("thinking tags", f"<thinking>\n{fence(OTHER)}\n</thinking>\n{fence(RIGHT)}"),
    ("think no open", f"maybe\n{fence(OTHER)}\nhmm\n</think>\n{fence(RIGHT)}"),
    ("reasoning", f"<reasoning>\n{fence(OTHER)}\n</reasoning>\n{fence(RIGHT)}"),
    ("thought", f"<thought>\n{fence(OTHER)}\n</thought>\n{fence(RIGHT)}"),
    ("seed think", f"<seed:think>\n{fence(OTHER)}\n</seed:think>\n{fence(RIGHT)}"),
    ("bracket THINK", f"[THINK]\n{fence(OTHER)}\n[/THINK]\n{fence(RIGHT)}"),
    ("diamond", f"◁think▷\n{fence(OTHER)}\n◁/think▷\n{fence(RIGHT)}"),
    (
        "harmony",
        f"<|channel|>analysis<|message|>{fence(OTHER)}<|end|><|start|>assistant<|channel|>final<|message|>{fence(RIGHT)}",
    ),
    (
        "special thought",
        f"<|begin_of_thought|>\n{fence(OTHER)}\n<|end_of_thought|>\n<|begin_of_solution|>\n{fence(RIGHT)}<|end_of_solution|>",
    ),
    ("granite", f"Here is my thought process:\n{fence(OTHER)}\nHere is my response:\n{fence(RIGHT)}"),
    ("reflection", f"<reflection>\n{fence(OTHER)}\n</reflection>\n<output>\n{fence(RIGHT)}\n</output>"),
    ("unused94", f"<unused94>thought\n{fence(OTHER)}\n<unused95>{fence(RIGHT)}"),
    ("think in fence info", f"```thinking\n{OTHER}\n```\n{fence(RIGHT)}"),
    ("details", f"<details><summary>Thoughts</summary>\n\n{fence(OTHER)}\n</details>\n\n{fence(RIGHT)}"),
    ("eos token", fence(RIGHT) + "<|im_end|>"),
    ("eos token2", fence(RIGHT) + "</s>"),
    ("eot after code unfenced", RIGHT + "\n<|endoftext|>"),
    ("fim", f"<|fim_middle|>{RIGHT}<|endoftext|>"),
    ("repo tokens", f"<file_sep>{fence(RIGHT)}"),
    ("crlf", fence(RIGHT).replace("\n", "\r\n")),
    ("cr", fence(RIGHT).replace("\n", "\r")),
    ("bom", ("\ufeff" + fence(RIGHT))),
    ("bom in fence", fence("\ufeff" + RIGHT)),
    ("nbsp", fence(RIGHT.replace("    ", "\u00a0\u00a0\u00a0\u00a0"))),
    ("zero width", fence("\u200b" + RIGHT)),
    ("tabs", fence(RIGHT.replace("    ", "\t"))),
    ("smart quotes prose", "“Here” is it:\n" + fence(RIGHT)),
    ("xml cdata", f"<code><![CDATA[\n{RIGHT}\n]]></code>"),
    ("markdown quote", "> " + fence(RIGHT).strip().replace("\n", "\n> ")),
    ("bullets", "- code:\n  " + fence(RIGHT).replace("\n", "\n  ")),
    ("four ticks", f"````python\n{RIGHT}\n````\n"),
    ("tilde", f"~~~python\n{RIGHT}\n~~~\n"),
    ("info title", f'```python title="a.py"\n{RIGHT}\n```\n'),
    ("info linenos", f"```python {{linenos=true}}\n{RIGHT}\n```\n"),
    ("info path", f"```src/a.py\n{RIGHT}\n```\n"),
    ("info lang:path", f"```python:src/a.py\n{RIGHT}\n```\n"),
    ("info lines", f"```python {{1-2}}\n{RIGHT}\n```\n"),
    ("info upper", f"```Python\n{RIGHT}\n```\n"),
    ("info py3", f"```python3\n{RIGHT}\n```\n"),
    ("info space", f"``` python\n{RIGHT}\n```\n"),
    ("fence on one line after text", f"Code: ```python\n{RIGHT}\n```\n"),
    ("close on last line", f"```python\n{RIGHT}```"),
    ("file comment", fence("# src/a.py\n" + RIGHT)),
    ("path line", fence("src/a.py\n" + RIGHT)),
    ("filename bold", f"**src/a.py**\n\n{fence(RIGHT)}"),
    (
        "trailing text",
        fence(RIGHT) + ("\nThis returns `a + 2`. For example, `f(1)` is `3`.\n\nLet me know if you need more."),
    ),
    ("json tool", json.dumps({"name": "write", "arguments": {"code": RIGHT}})),
    ("json arguments string", json.dumps({"name": "write", "arguments": json.dumps({"code": RIGHT})})),
    ("json choices", json.dumps({"choices": [{"message": {"content": fence(RIGHT)}}]})),
    ("json nested result", json.dumps({"result": {"code": RIGHT}})),
    ("json fenced with new_code", fence(json.dumps({"file": "a.py", "new_code": RIGHT}), "json")),
    ("yaml", "code: |\n" + "\n".join(f"  {line}" for line in RIGHT.split("\n"))),
    ("python repr string", repr(RIGHT)),
    (
        "diff git",
        "```diff\ndiff --git a/a.py b/a.py\nindex 1..2 100644\n--- a/a.py\n+++ b/a.py\n"
        "@@ -1,2 +1,2 @@\n def f(a):\n-    return a + 1\n+    return a + 2\n```",
    ),
    ("diff no fence", ("--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n def f(a):\n-    return a + 1\n+    return a + 2\n")),
    ("diff wrong numbers", "```diff\n@@ -10,2 +10,2 @@\n def f(a):\n-    return a + 1\n+    return a + 2\n```"),
    ("diff in python fence", "```python\n def f(a):\n-    return a + 1\n+    return a + 2\n```"),
    ("diff without context", "```diff\n-    return a + 1\n+    return a + 2\n```"),
    (
        "apply_patch",
        ("*** Begin Patch\n*** Update File: a.py\n@@ def f(a):\n-    return a + 1\n+    return a + 2\n*** End Patch"),
    ),
    (
        "search replace lower",
        ("<<<<<<< search\ndef f(a):\n    return a + 1\n=======\ndef f(a):\n    return a + 2\n>>>>>>> replace\n"),
    ),
    (
        "search replace original/updated",
        ("<<<<<<< ORIGINAL\ndef f(a):\n    return a + 1\n=======\ndef f(a):\n    return a + 2\n>>>>>>> UPDATED\n"),
    ),
    (
        "git conflict",
        ("<<<<<<< HEAD\ndef f(a):\n    return a + 1\n=======\ndef f(a):\n    return a + 2\n>>>>>>> new\n"),
    ),
    ("numbered dots", fence("1. def f(a):\n2.     return a + 2")),
    ("numbered brackets", fence("[1] def f(a):\n[2]     return a + 2")),
    ("numbered padded", fence("01  def f(a):\n02      return a + 2")),
    ("latex", f"\\begin{{lstlisting}}[language=Python]\n{RIGHT}\n\\end{{lstlisting}}"),
    ("html pre class", f'<pre class="x"><code class="language-python">{RIGHT}\n</code></pre>'),
    ("two equal", fence(RIGHT) + "\nAgain:\n" + fence(RIGHT)),
    ("first wrong then final", fence(OTHER) + "\nThe final code:\n" + fence(RIGHT)),
    ("first then shell", fence(RIGHT) + "\nRun it:\n" + fence("python a.py", "bash")),
    ("before/after words", "Before:\n" + fence("def f(a):\n    return a + 1") + "After:\n" + fence(RIGHT)),
    ("tests after", fence(RIGHT) + "Tests:\n" + fence("from a import f\n\n\ndef test_f():\n    assert f(1) == 3")),
    ("alt after", fence(RIGHT) + "Alternatively, a lambda:\n" + fence("f = lambda a: a + 9")),
    ("usage inside", fence(RIGHT + '\n\n\nif __name__ == "__main__":\n    print(f(1))')),
    ("usage inside2", fence(RIGHT + "\n\n\nprint(f(1))")),
]


@pytest.mark.parametrize("answer", [answer for _, answer in ANSWERS], ids=[name for name, _ in ANSWERS])
def test_what_was_meant_lands(answer: str) -> None:
    assert landed(landing_task(TEXT, lang.PYTHON), answer) == f"{RIGHT}\n"
