"""Small projects with a stub and the user's tests for it, one module a language: the table of what "accepted" means.

A module of a language defines ``PROJECTS``, a tuple of :class:`Project`; test_proofs.py runs the same cases on all.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from forge_lsp.core.languages import Language

__all__ = ["Forgery", "Project", "Unrunnable", "projects"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgery:
    """A wrong answer that pretends to pass; ``channel`` names how."""

    channel: str
    code: str
    imports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrunnable:
    """What keeps the tests of a project from being run here; the report has ``words`` and, where one is known, the
    ``remedy``. ``files`` are added to the project's."""

    channel: str
    files: Mapping[str, str]
    words: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project of one language and one runner. Texts of the document mark the scope with ``«`` and ``»``.

    ``stub`` is the document with an unfinished ``area`` (of width and height) and the tests of ``files`` fail on it.
    ``told`` are the texts that the next attempt must be told of ``wrong``: what was expected and what came. ``absent``
    is the document without it, the empty scope where it belongs. ``two`` has a second stub, which other tests of
    ``two_files`` call. ``working`` has a scope that works, ``mutant`` and ``rewrite`` replace it. ``example`` is the
    stub with an example in its documentation; no test of ``files`` is there then. ``files`` are all but the document.
    ``forgeries`` and ``honest`` are for the tests of ``files``, those of ``example_`` for the example alone.
    ``moody`` are files with one more test, "moody", that calls the scope and then passes where the file ``turn.txt``
    says "pass".
    ``prepare`` readies the folder (fetched packages) and returns the environment; it may skip. ``scope`` is the name of
    the function where the language writes it otherwise than ``area``. ``beyond_grammar`` is a right
    answer that compiles although the syntax tree has errors. ``one_definition``: the scope is a function alone, as it
    is in a job (else its jobs are not run). ``seldom``: run with the whole tables alone, since it takes long.
    """

    name: str
    language: Language
    document: str
    files: Mapping[str, str]
    stub: str
    right: str
    wrong: str
    told: tuple[str, ...]
    absent: str | None = None
    absent_right: str | None = None
    two: str | None = None
    two_files: Mapping[str, str] | None = None
    working: str | None = None
    mutant: str | None = None
    rewrite: str | None = None
    example: str | None = None
    example_files: Mapping[str, str] = field(default_factory=dict)
    unparsable: str | None = None
    beyond_grammar: str | None = None
    one_definition: bool = True
    seldom: bool = False
    moody: Mapping[str, str] | None = None
    unrunnable: tuple[Unrunnable, ...] = ()
    forgeries: tuple[Forgery, ...] = ()
    honest: tuple[Forgery, ...] = ()
    example_forgeries: tuple[Forgery, ...] = ()
    example_honest: tuple[Forgery, ...] = ()
    prepare: Callable[[Path], Mapping[str, str] | None] | None = None
    scope: str = "area"


def projects() -> tuple[Project, ...]:
    """Every project of every module of this package."""
    modules = sorted(info.name for info in pkgutil.iter_modules(__path__))
    return tuple(
        project for name in modules for project in getattr(import_module(f"{__name__}.{name}"), "PROJECTS", ())
    )
