"""``compile()`` for texts on stdin, one JSON document a line: {"file", "text"} in, {"problem": null | [...]} out.

Run by the project's own interpreter with ``-I -S -B``; standard library only, nothing of ours imported.
"""

import json
import sys
import warnings

warnings.simplefilter("ignore")
sys.setrecursionlimit(5000)
for line in sys.stdin:
    question = json.loads(line)
    problem = None
    try:
        compile(question["text"].encode("utf-8", "surrogatepass"), question["file"], "exec", dont_inherit=True)
    except SyntaxError as error:
        problem = [error.lineno or 1, error.offset or 0, type(error).__name__, error.msg]
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        problem = [1, 0, type(error).__name__, str(error) or "too deeply nested to compile"]
    sys.stdout.write(json.dumps({"problem": problem}) + "\n")
    sys.stdout.flush()
