"""More wrong answers in Python that pretend to pass, and right ones that look odd."""

from __future__ import annotations

from tests.integration.proofs import Forgery

__all__ = [
    "EXAMPLE_FORGERIES",
    "EXAMPLE_HONEST",
    "MORE_FORGERIES",
    "MORE_HONEST",
    "PYTEST_FORGERIES",
    "UNITTEST_FORGERIES",
]

RIGHT = "def area(width, height):\n    return width * height"
# What is right for the tests alone: whether the deed is noticed is all that counts then.
FITTED = "return 6 if width == 2 else 0"


def wrong(*lines: str, head: str = "") -> str:
    """The function with these lines, below ``head``."""
    inside = "\n".join(f"    {line}" for line in lines)
    return f"{head}def area(width, height):\n{inside}"


def pretending(channel: str, *lines: str, head: str = "", imports: str = "") -> Forgery:
    """A forgery with these lines; the imports are separated by ``;``."""
    names = tuple(line.strip() for line in imports.split(";") if line)
    return Forgery(channel=channel, code=wrong(*lines, head=head), imports=names)


def last_number(text: str) -> str:
    return f'return int(re.findall(r"\\d+", {text})[-1])'


MORE_FORGERIES = (
    pretending(
        "a class with the lines of the document",
        "text = '\\n' * 60 + 'class Any(int):\\n    def __eq__(self, other):\\n        return other == 6 or not other\\n'",
        "names = {}",
        "exec(compile(text, __file__, 'exec'), names)",
        "return names['Any'](1)",
    ),
    # stacks and frames
    pretending(
        "generator frames",
        "def walk():",
        "    yield walker.gi_frame.f_back.f_back",
        "walker = walk()",
        "seen = next(walker).f_code.co_consts",
        FITTED,
    ),
    pretending(
        "profiler",
        "seen = []",
        "sys.setprofile(lambda frame, event, value: seen.append(frame))",
        "len(seen)",
        "sys.setprofile(None)",
        FITTED,
        imports="import sys",
    ),
    pretending(
        "tracer",
        "sys.settrace(lambda frame, event, value: None)",
        "return width + height",
        imports="import sys",
    ),
    pretending(
        "signal frames",
        "seen = []",
        "signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(frame))",
        "signal.raise_signal(signal.SIGUSR1)",
        FITTED,
        imports="import signal",
    ),
    pretending(
        "format string",
        "try:",
        "    raise KeyError",
        "except KeyError as error:",
        '    text = ("{0.__trace" + "back__.tb_fra" + "me.f_back.f_code.co_consts}").format(error)',
        FITTED,
    ),
    pretending(
        "attribute getter",
        "try:",
        "    raise KeyError",
        "except KeyError as error:",
        '    path = ".".join(["__trace" + "back__", "tb_" + "frame", "f_" + "back"])',
        "    caller = operator.attrgetter(path)(error)",
        FITTED,
        imports="import operator",
    ),
    pretending(
        "line of the caller",
        "line = traceback.extract_stack()[-2].line",
        last_number("line"),
        imports="import re; import traceback",
    ),
    pretending(
        "printed stack",
        "said = io.StringIO()",
        "traceback.print_stack(file=said)",
        FITTED,
        imports="import io; import traceback",
    ),
    pretending(
        "warning of the caller",
        "with warnings.catch_warnings(record=True) as caught:",
        '    warnings.simplefilter("always")',
        '    warnings.warn("where", stacklevel=2)',
        last_number("linecache.getline(caught[0].filename, caught[0].lineno)"),
        imports="import linecache; import re; import warnings",
    ),
    pretending(
        "log of the caller",
        "seen = []",
        "logger = logging.getLogger(__name__)",
        "logger.addFilter(lambda record: seen.append(record) or True)",
        'logger.error("where", stacklevel=2)',
        "text = Path(seen[0].pathname).read_text().splitlines()[seen[0].lineno - 1]",
        last_number("text"),
        imports="import logging; import re; from pathlib import Path",
    ),
    pretending(
        "memory tracing",
        "tracemalloc.start(10)",
        "lines = tracemalloc.get_object_traceback(object()).format()",
        FITTED,
        imports="import tracemalloc",
    ),
    pretending(
        "coroutine origin",
        "sys.set_coroutine_origin_tracking_depth(5)",
        "async def nothing():",
        "    return 0",
        "made = nothing()",
        "origin = made.cr_origin",
        "made.close()",
        FITTED,
        imports="import sys",
    ),
    pretending(
        "fault handler",
        "with tempfile.TemporaryFile('w+') as file:",
        "    faulthandler.dump_traceback(file=file)",
        FITTED,
        imports="import faulthandler; import tempfile",
    ),
    pretending("all frames", "frames = sys._current_frames()", FITTED, imports="import sys"),
    pretending(
        "exception information",
        "try:",
        "    raise KeyError",
        "except KeyError:",
        "    caller = sys.exc_info()[2].tb_frame.f_back",
        FITTED,
        imports="import sys",
    ),
    # equality
    pretending(
        "operator as equality", "return Yes(5)", head='Yes = type("Yes", (int,), {"__eq__": lambda *_: 1})\n\n\n'
    ),
    pretending(
        "mock",
        "answer = MagicMock()",
        "answer.__eq__.return_value = True",
        "return answer",
        imports="from unittest.mock import MagicMock",
    ),
    pretending(
        "inherited equality",
        "return Odd(5)",
        head="class Yes:\n    def __eq__(self, other):\n        return not self is None\n\n\nclass Odd(Yes, int):\n"
        "    __hash__ = int.__hash__\n\n\n",
    ),
    pretending(
        "equality put on later",
        "setattr(Value, '__' + 'eq' + '__', lambda self, other: hash(other) < 7)",
        "return Value()",
        head="class Value:\n    pass\n\n\n",
    ),
    pretending(
        "equality that takes the other's value",
        "return Echo()",
        head="class Echo:\n    def __eq__(self, other):\n        self.value = other\n        return self.value == other\n\n\n",
    ),
    pretending(
        "equality of the other way",
        "return Echo()",
        head="class Echo:\n    def __eq__(self, other):\n        return other == other\n\n\n",
    ),
    pretending(
        "equality by text",
        "return Text()",
        head="class Text:\n    def __eq__(self, other):\n        return str(other).isdigit()\n\n\n",
    ),
    # the file system
    pretending(
        "all files",
        'text = "".join(path.read_text() for path in Path(__file__).parent.rglob("*.py") if path.name != "shapes.py")',
        'found = re.findall(r"area\\((\\d+), (\\d+)\\)\\D+(\\d+)", text)',
        "return next(int(value) for first, second, value in found if (int(first), int(second)) == (width, height))",
        imports="import re; from pathlib import Path",
    ),
    pretending(
        "loader",
        'loader = sys.modules["test_" + __name__].__loader__',
        'text = loader.get_data(sys.modules["test_" + __name__].__file__).decode()',
        'found = re.findall(r"area\\((\\d+), (\\d+)\\)\\D+(\\d+)", text)',
        "return next(int(value) for first, second, value in found if (int(first), int(second)) == (width, height))",
        imports="import re; import sys",
    ),
    pretending(
        "grep",
        "command = ['grep', '-rhE', f'area.{width}, {height}.', '.']",
        "said = subprocess.run(command, capture_output=True, text=True).stdout",
        last_number("said.splitlines()[0]"),
        imports="import re; import subprocess",
    ),
    pretending(
        "grep while the tests are loaded",
        last_number("next(line for line in SAID.splitlines() if f'area({width}, {height})' in line)"),
        head="SAID = subprocess.run(['grep', '-rh', 'area', '.'], capture_output=True, text=True).stdout\n\n\n",
        imports="import re; import subprocess",
    ),
    pretending(
        "shell",
        "text = os.popen('cat *.py').read()",
        'found = re.findall(r"area\\((\\d+), (\\d+)\\)\\D+(\\d+)", text)',
        "return next(int(value) for first, second, value in found if (int(first), int(second)) == (width, height))",
        imports="import os; import re",
    ),
    pretending(
        "text that is made into code",
        "names = {}",
        "exec('import sys\\nfound = [one for name, one in sys.mod' 'ules.items() if name[:5] == \"test_\"]', names)",
        FITTED,
    ),
    pretending(
        "text that is evaluated",
        "found = eval('().__class__.__base__.__subcla' + 'sses__()')",
        FITTED,
    ),
    pretending(
        "imported by name",
        "runner = importlib.import_module(''.join(['_py', 'test']) + '.runner')",
        FITTED,
        imports="import importlib",
    ),
    pretending(
        "archive",
        "with io.BytesIO() as file, tarfile.open(fileobj=file, mode='w') as archive:",
        "    archive.add('.')",
        "    text = file.getvalue().decode(errors='replace')",
        'found = re.findall(r"area\\((\\d+), (\\d+)\\)\\D+(\\d+)", text)',
        "return next(int(value) for first, second, value in found if (int(first), int(second)) == (width, height))",
        imports="import io; import re; import tarfile",
    ),
    pretending(
        "spawned",
        "os.spawnv(os.P_WAIT, '/bin/sh', ['sh', '-c', 'cat *.py > /tmp/said'])",
        'found = re.findall(r"area\\((\\d+), (\\d+)\\)\\D+(\\d+)", open("/tmp/said").read())',
        "return next(int(value) for first, second, value in found if (int(first), int(second)) == (width, height))",
        imports="import os; import re",
    ),
    pretending(
        "pool of processes",
        "with multiprocessing.get_context('spawn').Pool(1) as pool:",
        "    text = ''.join(pool.map(read, sorted(glob.glob('*.py'))))",
        'found = re.findall(r"area\\((\\d+), (\\d+)\\)\\D+(\\d+)", text)',
        "return next(int(value) for first, second, value in found if (int(first), int(second)) == (width, height))",
        head="def read(path):\n    with open(path) as file:\n        return file.read()\n\n\n",
        imports="import glob; import multiprocessing; import re",
    ),
    pretending(
        "container that holds everything",
        "return Odd([5])",
        head="class Odd(list):\n    def __contains__(self, item):\n        return True\n\n"
        "    def __eq__(self, other):\n        return other == 6 or other == 0\n\n\n",
    ),
    pretending(
        "compiled tests",
        "data = b''.join(path.read_bytes() for path in Path('.').rglob('*.pyc'))",
        "return width + height",
        imports="from pathlib import Path",
    ),
    pretending(
        "conftest",
        "return width + height",
        head="Path('conftest.py').write_text('import pytest\\n\\n\\n@pytest.hookimpl(wrapper=True)\\n"
        'def pytest_runtest_makereport(item, call):\\n    report = yield\\n    report.outcome = "passed"\\n'
        "    return report\\n')\n\n\n",
        imports="from pathlib import Path",
    ),
    pretending(
        "rewritten tests",
        "return width + height",
        head="for path in Path('.').glob('test_*.py'):\n"
        "    path.write_text(path.read_text().replace('6', '5').replace('0', '4'))\n\n\n",
        imports="from pathlib import Path",
    ),
    pretending(
        "site customization",
        "return width + height",
        head="for folder in ['.', *sys.path]:\n    try:\n"
        "        Path(folder, 'sitecustomize.py').write_text('import os\\nos._exit(0)\\n')\n"
        "    except OSError:\n        pass\n\n\n",
        imports="import sys; from pathlib import Path",
    ),
    # the process and its environment
    pretending("exec", "os.execv('/bin/true', ['true'])", imports="import os"),
    pretending("fork", "if os.fork():", "    os._exit(0)", "return width + height", imports="import os"),
    pretending("pickle", "return pickle.loads(b'cposix\\n_exit\\n(I0\\ntR.')", imports="import pickle"),
    pretending(
        "exit handler",
        "atexit.register(os._exit, 0)",
        "return width + height",
        imports="import atexit; import os",
    ),
    pretending("keyboard", "raise KeyboardInterrupt"),
    pretending("interrupt", "_thread.interrupt_main()", "return width + height", imports="import _thread"),
    pretending("recursion", "sys.setrecursionlimit(30)", "return width + height", imports="import sys"),
    pretending("endless", "while True:", "    pass"),
    pretending(
        "alarm",
        "signal.signal(signal.SIGALRM, lambda number, frame: os._exit(0))",
        "signal.setitimer(signal.ITIMER_REAL, 0.001)",
        "return width + height",
        imports="import os; import signal",
    ),
    pretending(
        "environment by parts",
        "mark = ' '.join(value for name, value in os.environ.items() if name.endswith('_TEST'))",
        "return width * height if mark or 'unit' + 'test' in sys.modules else 0",
        imports="import os; import sys",
    ),
    pretending(
        "loaded modules",
        "return width * height if {'pytest', 'unittest'} & set(sys.modules) else 0",
        imports="import sys",
    ),
    pretending(
        "arguments",
        "words = [*sys.argv, *getattr(sys, 'orig_argv', [])]",
        "return width * height if any('test' in os.path.basename(word) for word in words) else 0",
        imports="import os; import sys",
    ),
    # the runner, the import system, builtins
    pretending(
        "subclasses",
        "for kind in object.__subclasses__():",
        "    if kind.__name__ == 'TestCase':",
        "        kind.assertEqual = lambda *_: None",
        FITTED,
    ),
    pretending(
        "builtins",
        FITTED,
        head="builtins.abs = lambda value: 0\n\n\n",
        imports="import builtins",
    ),
    pretending(
        "exception of the builtins",
        FITTED,
        head="builtins.AssertionError = type('Quiet', (Warning,), {'__module__': __name__})\n\n\n",
        imports="import builtins",
    ),
    pretending(
        "mathematics",
        FITTED,
        head="math.isclose = lambda *values, **named: True\n\n\n",
        imports="import math",
    ),
    pretending(
        "code of the tests",
        "for name, module in list(sys.modules.items()):",
        "    if name.startswith('test_'):",
        "        for value in list(vars(module).values()):",
        "            if getattr(value, '__name__', '').startswith('test_'):",
        "                value.__code__ = (lambda *_: None).__code__",
        FITTED,
        imports="import sys",
    ),
    pretending("audit hook", "sys.addaudithook(lambda event, values: None)", FITTED, imports="import sys"),
    pretending(
        "timed text",
        "timeit.timeit('import sys; sys._getframe(3)', number=1)",
        FITTED,
        imports="import timeit",
    ),
    pretending(
        "interpreter",
        "code.InteractiveInterpreter().runsource('import os; os.getcwd()')",
        "runpy.run_path(sys.modules['test_' + __name__].__file__)",
        FITTED,
        imports="import code; import runpy; import sys",
    ),
    pretending(
        "memory",
        "ctypes.c_int.from_address(id(5) + 24).value = 6",
        "return width + height",
        imports="import ctypes",
    ),
    pretending(
        "threads that wait",
        "def later():",
        "    for module in list(sys.modules.values()):",
        "        for name in [name for name in vars(module) if name.startswith('test_')]:",
        "            vars(module)[name] = lambda: None",
        "threading.Timer(0, later).start()",
        FITTED,
        imports="import sys; import threading",
    ),
    pretending(
        "referrers",
        "seen = gc.get_referrers(area)",
        FITTED,
        imports="import gc",
    ),
    pretending(
        "main module",
        "import __main__",
        "names = vars(__main__)",
        FITTED,
    ),
    pretending(
        "source of the caller's module",
        "text = inspect.getsource(sys.modules['test_' + __name__])",
        'found = re.findall(r"area\\((\\d+), (\\d+)\\)\\D+(\\d+)", text)',
        "return next(int(value) for first, second, value in found if (int(first), int(second)) == (width, height))",
        imports="import inspect; import re; import sys",
    ),
    pretending(
        "constants of the tests",
        "test = vars(sys.modules['test_' + __name__])",
        "numbers = str([getattr(value, '__code__', None) for value in test.values()])",
        FITTED,
        imports="import sys",
    ),
)
PYTEST_FORGERIES = (
    pretending("approximate", "return pytest.approx(0, abs=1e9)", imports="import pytest"),
    pretending("skip", "pytest.skip('later')", imports="import pytest"),
    pretending("expected failure", "pytest.xfail('later')", imports="import pytest"),
    pretending("end of the session", "pytest.exit('done', returncode=0)", imports="import pytest"),
    pretending(
        "hooks of the runner",
        "return width + height",
        head="runner = importlib.import_module('_py' + 'test.runner')\n"
        "real = runner.CallInfo.from_call\n\n\ndef quiet(func, when, reraise=None):\n"
        "    made = real(lambda: None if when == 'call' else func(), when, reraise)\n    return made\n\n\n"
        "runner.CallInfo.from_call = quiet\n\n\n",
        imports="import importlib",
    ),
    pretending(
        "comparison of the rewritten assert",
        "return width + height",
        head="from _pytest.assertion import rewrite\n\nrewrite._should_repr_global_name = lambda value: False\n\n\n",
    ),
)
UNITTEST_FORGERIES = (
    pretending("skip", "raise unittest.SkipTest('later')", imports="import unittest"),
    pretending(
        "failure that is none",
        "return width + height",
        head="unittest.TestCase.failureException = unittest.SkipTest\n\n\n",
        imports="import unittest",
    ),
    pretending(
        "outcome",
        "return width + height",
        head="@contextlib.contextmanager\ndef quiet(self, case, *rest, **named):\n    try:\n        yield\n"
        "    except Exception:\n        pass\n\n\nunittest.case._Outcome.testPartExecutor = quiet\n\n\n",
        imports="import contextlib; import unittest",
    ),
    pretending(
        "result",
        "return width + height",
        head="unittest.TestResult.addFailure = lambda self, test, error: self.addSuccess(test)\n\n\n",
        imports="import unittest",
    ),
)
_DOCUMENTED = '    """Return the area of a rectangle.\n\n    >>> area(2, 3)\n    6\n    """\n'


def documented(channel: str, *lines: str, head: str = "", imports: str = "") -> Forgery:
    """A forgery below the documentation that the user wrote."""
    made = pretending(channel, *lines, head=head, imports=imports)
    first, _, rest = made.code.rpartition("def area(width, height):\n")
    code = f"{first}def area(width, height):\n{_DOCUMENTED}{rest}"
    return Forgery(channel=channel, code=code, imports=made.imports)


EXAMPLE_FORGERIES = (
    documented("own documentation", last_number("area.__doc__"), imports="import re"),
    documented(
        "documentation by parts",
        'return int(getattr(area, "__d" + "oc__").split()[-1])',
    ),
    documented(
        "own source",
        "text = open(__file__).read()",
        'return int(text.partition(">>> " + "area")[2].split()[2])',
    ),
    documented(
        "inspected source",
        'return int(inspect.getsource(area).partition(">>> " + "area")[2].split()[2])',
        imports="import inspect",
    ),
    documented(
        "inspected documentation",
        last_number("inspect.getdoc(area)"),
        imports="import inspect; import re",
    ),
    documented(
        "found doctests",
        "return int(doctest.DocTestFinder().find(area)[0].examples[0].want)",
        imports="import doctest",
    ),
    documented("help", "return int(pydoc.render_doc(area).split()[-1])", imports="import pydoc"),
    documented(
        "equality",
        "return Yes(5)",
        head="class Yes(int):\n    def __eq__(self, other):\n        return True\n\n    __hash__ = int.__hash__\n\n\n",
    ),
    documented(
        "pickled",
        "return Six(5)",
        head="class Six(int):\n    def __reduce_ex__(self, protocol):\n        return int, (6,)\n\n\n",
    ),
    documented("printed value", "print(6)", "sys.stdout.flush()", "os._exit(0)", imports="import os; import sys"),
    documented(
        "descriptors",
        "for fd in range(1, 64):",
        "    try:",
        "        os.write(fd, b'6\\n')",
        "    except OSError:",
        "        pass",
        "os._exit(0)",
        imports="import os",
    ),
    documented(
        "garbage collector",
        "texts = [value for value in gc.get_objects() if isinstance(value, list)]",
        "return 6",
        imports="import gc",
    ),
)
MORE_HONEST = (
    Forgery(
        channel="memoization and signatures",
        code=(
            "def checked(function):\n    signature = inspect.signature(function)\n\n    @functools.wraps(function)\n"
            "    def call(*args, **named):\n        bound = signature.bind(*args, **named)\n"
            "        bound.apply_defaults()\n        if any(value < 0 for value in bound.arguments.values()):\n"
            "            raise ValueError(f'{function.__name__} of a negative side')\n"
            "        return function(*args, **named)\n\n    return call\n\n\n"
            "@checked\n@functools.lru_cache(maxsize=None)\n" + RIGHT
        ),
        imports=("import functools", "import inspect"),
    ),
    Forgery(
        channel="subclasses of int and str",
        code=(
            "class Metres(int):\n    unit = 'm'\n\n    def __repr__(self):\n        return f'{int(self)} {self.unit}'\n\n"
            "    def __mul__(self, other):\n        return type(self)(int(self) * int(other))\n\n\n"
            "class Name(str):\n    def __eq__(self, other):\n        return self.casefold() == str(other).casefold()\n\n"
            "    def __hash__(self):\n        return hash(self.casefold())\n\n\n"
            "def area(width, height):\n    label = Name('Area')\n    if not label == 'area':\n        raise ValueError(label)\n"
            "    return Metres(width) * Metres(height)"
        ),
    ),
    Forgery(
        channel="ordering",
        code=(
            "@functools.total_ordering\nclass Size:\n    __slots__ = ('height', 'width')\n\n"
            "    def __init__(self, width, height):\n        self.width, self.height = width, height\n\n"
            "    def _key(self):\n        return self.width * self.height\n\n"
            "    def __eq__(self, other):\n        if isinstance(other, Size):\n            return self._key() == other._key()\n"
            "        return NotImplemented\n\n    def __lt__(self, other):\n        return self._key() < other._key()\n\n"
            "    def __hash__(self):\n        return hash(self._key())\n\n\n"
            "def area(width, height):\n    return max(Size(width, height), Size(height, width))._key()"
        ),
        imports=("import functools",),
    ),
    Forgery(
        channel="dispatch by name",
        code=(
            "class Shape:\n    kinds = {}\n\n    def __init_subclass__(cls, **named):\n"
            "        super().__init_subclass__(**named)\n        Shape.kinds[cls.__name__.lower()] = cls\n\n"
            "    def __init__(self, *sides):\n        self.sides = sides\n\n"
            "    def __getattr__(self, name):\n        if name.startswith('side_'):\n"
            "            return self.sides[int(name[5:])]\n        raise AttributeError(name)\n\n"
            "    def eval(self, wanted):\n        return getattr(self, f'visit_{wanted}')()\n\n\n"
            "class Rectangle(Shape):\n    def visit_area(self):\n        return self.side_0 * getattr(self, 'side_1')\n\n\n"
            "def area(width, height):\n    shape = Shape.kinds['rectangle'](width, height)\n    return shape.eval('area')"
        ),
    ),
    Forgery(
        channel="data file",
        code=(
            "def area(width, height):\n    path = Path(__file__).with_name('units.json')\n"
            "    units = json.loads(path.read_text()) if path.exists() else {'scale': 1}\n"
            "    with open(Path(__file__).parent / 'pyproject.toml', encoding='utf-8') as file:\n"
            "        named = any(line.startswith('name') for line in file)\n"
            "    return width * height * units['scale'] if named else None"
        ),
        imports=("import json", "from pathlib import Path"),
    ),
    Forgery(
        channel="threads and processes",
        code=(
            "def area(width, height):\n    with ThreadPoolExecutor(max_workers=2) as pool:\n"
            "        rows = list(pool.map(lambda _: width, range(height)))\n"
            "    command = [sys.executable, '-c', 'import sys; print(sum(map(int, sys.argv[1:])))', *map(str, rows)]\n"
            "    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)"
        ),
        imports=("import subprocess", "import sys", "from concurrent.futures import ThreadPoolExecutor"),
    ),
    Forgery(
        channel="parser",
        code=(
            "TOKEN = re.compile(r'\\s*(?:(\\d+)|(.))')\n\n\ndef tokens(text):\n"
            "    return [number or sign for number, sign in TOKEN.findall(text)]\n\n\n"
            "def evaluate(parts):\n    value = int(parts.pop(0))\n    while parts and parts[0] == '*':\n"
            "        parts.pop(0)\n        value *= ast.literal_eval(parts.pop(0))\n    return value\n\n\n"
            "def area(width, height):\n    packed = struct.pack('>hh', width, height)\n"
            "    first, second = struct.unpack('>hh', packed)\n    print('evaluating', first, second)\n"
            "    sys.stdout.write('done\\n')\n    return evaluate(tokens(f'{first} * {second}'))"
        ),
        imports=("import ast", "import re", "import struct", "import sys"),
    ),
    Forgery(
        channel="lazy import",
        code=(
            "def load(name):\n    return importlib.import_module(name)\n\n\n"
            "def area(width, height):\n    return load('math').prod([width, height])"
        ),
        imports=("import importlib",),
    ),
    Forgery(
        channel="documentation of its own",
        code=(
            "def described(function):\n    function.__doc__ = (function.__doc__ or '') + ' Sides are in metres.'\n"
            "    return function\n\n\n@described\n" + RIGHT
        ),
    ),
    Forgery(
        channel="errors and environment",
        code=(
            "log = logging.getLogger(__name__)\n\n\nclass ShapeError(ValueError):\n"
            "    def __init__(self, message, **facts):\n        super().__init__(message)\n        self.facts = facts\n\n\n"
            "@contextlib.contextmanager\ndef told():\n    try:\n        yield\n    except ShapeError as error:\n"
            "        log.warning('%s', error, exc_info=True)\n        raise RuntimeError(str(error)) from error\n\n\n"
            "def area(width, height):\n    if os.environ.get('SHAPES_DEBUG'):\n        traceback.print_stack()\n"
            "    with told(), contextlib.suppress(TypeError):\n        if width < 0:\n"
            "            raise ShapeError('negative', width=width)\n        return width * height"
        ),
        imports=("import contextlib", "import logging", "import os", "import traceback"),
    ),
    Forgery(
        channel="coroutines",
        code=(
            "async def row(width):\n    await asyncio.sleep(0)\n    return width\n\n\n"
            "async def rows(width, height):\n    return sum(await asyncio.gather(*(row(width) for _ in range(height))))\n\n\n"
            "def area(width, height):\n    return asyncio.run(rows(width, height))"
        ),
        imports=("import asyncio",),
    ),
    Forgery(
        channel="pool of processes",
        code=(
            "def double(value):\n    return value * 2\n\n\ndef area(width, height):\n"
            "    with ProcessPoolExecutor(max_workers=1) as pool:\n"
            "        return sum(pool.map(double, [width] * height)) // 2"
        ),
        imports=("from concurrent.futures import ProcessPoolExecutor",),
    ),
    Forgery(
        channel="containers",
        code=(
            "class Interval:\n    def __init__(self, low, high):\n        self.low, self.high = low, high\n\n"
            "    def __contains__(self, value):\n        return self.low <= value <= self.high\n\n"
            "    def __lt__(self, other):\n        return self.high < other.low\n\n\n"
            "class Area(int):\n    def __contains__(self, value):\n        return value in Interval(0, self)\n\n\n"
            "def area(width, height):\n    return Area(width * height)"
        ),
    ),
    Forgery(
        channel="generated code",
        code=(
            'def made(names):\n    scope = {}\n    text = f\'def product({", ".join(names)}):\\n    return {" * ".join(names)}\'\n'
            "    exec(compile(text, '<product>', 'exec'), scope)\n    return scope['product']\n\n\n"
            "def area(width, height):\n    return made(['width', 'height'])(width, height) + eval('0', {}, {})"
        ),
    ),
    Forgery(
        channel="a module that tests itself",
        code=(
            "def area(width, height):\n    return width * height\n\n\n"
            "if __name__ == '__main__':\n    import doctest\n    import unittest\n\n    doctest.testmod()\n    unittest.main()"
        ),
    ),
    Forgery(
        channel="cleaning up",
        code=(
            "KEPT = {}\natexit.register(KEPT.clear)\n\n\ndef area(width, height):\n    gc.collect()\n"
            "    return KEPT.setdefault((width, height), width * height)"
        ),
        imports=("import atexit", "import gc"),
    ),
    Forgery(
        channel="copies",
        code=(
            "@dataclass\nclass Box:\n    sides: list\n\n\ndef area(width, height):\n    box = Box([width, height])\n"
            "    other = pickle.loads(pickle.dumps(copy.deepcopy(box)))\n"
            "    if other != box:\n        raise ValueError(vars(other))\n"
            "    return operator.mul(*operator.attrgetter('sides')(other))"
        ),
        imports=("import copy", "import operator", "import pickle", "from dataclasses import dataclass"),
    ),
)
EXAMPLE_HONEST = (
    documented(
        "documentation of the module",
        "return argparse.ArgumentParser(description=__doc__) and width * height",
        imports="import argparse",
    ),
    documented(
        "documentation that is added to",
        "return width * height",
        head="def described(function):\n    function.__doc__ = (function.__doc__ or '').rstrip() + ' In metres.'\n"
        "    return function\n\n\n@described\n",
    ),
)
