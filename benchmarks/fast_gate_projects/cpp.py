"""C++: g++ over the file, as the build gate asks it."""

from __future__ import annotations

from pathlib import Path

from benchmarks.fast_gate_projects import METHODS, Subject, write
from benchmarks.fast_gate_projects.c import checked
from forge_lsp.languages.c_family import CPP

__all__ = ["SUBJECT"]


def project(root: Path, files: int) -> str:
    """Classes with a header each, which each use the one before, and the standard headers that real ones use."""
    write(root / "CMakeLists.txt", "set(CMAKE_CXX_STANDARD 17)\ntarget_include_directories(x PUBLIC include)\n")
    for i in range(files // 2):
        names = [f"    int f{k}(const std::vector<int>& xs, const Prices& prices) const;" for k in range(METHODS)]
        lines = ["#pragma once", "#include <map>", "#include <string>", "#include <vector>", "namespace shop {"]
        lines += [f"class C{i} {{", "public:", "    using Prices = std::map<std::string, int>;", *names]
        lines += ["private:", "    int n_ = 1;", "};", "}", ""]
        write(root / f"include/c{i}.hpp", "\n".join(lines))
        lines = [f'#include "c{i}.hpp"', f'#include "c{i - 1}.hpp"' if i else "", ""]
        lines += ["#include <algorithm>", "#include <iostream>", "#include <map>", "#include <string>"]
        lines += ["#include <vector>", "", "namespace shop {", ""]
        for k in range(METHODS):
            lines += [f"int C{i}::f{k}(const std::vector<int>& xs, const Prices& prices) const {{", "    int t = 0;"]
            lines += ["    for (const int x : xs) {", "        const auto found = prices.find(std::to_string(x));"]
            lines += [f"        if (found != prices.end()) t += x * {k + 1} + found->second;", "    }"]
            lines += [f"    t += C{i - 1}{{}}.f{k}(xs, prices);"] if i else []
            lines += ['    if (t < 0) std::cerr << "less than nothing: " << t << "\\n";']
            lines += ["    return xs.empty() ? n_ : t + *std::max_element(xs.begin(), xs.end());", "}", ""]
        write(root / f"src/c{i}.cpp", "\n".join([*lines, "}  // namespace shop", ""]))
    return "src/c1.cpp"


SUBJECT = Subject(
    language=CPP,
    promised=3,
    make=project,
    good=lambda n: ("return xs.empty() ? n_ : t +", f"return xs.empty() ? n_ : {n} + t +"),
    commands=lambda root, file, known: checked(CPP, root, file, known),
)
