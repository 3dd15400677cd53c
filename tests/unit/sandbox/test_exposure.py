"""Which paths of the host a sandbox shows: toolchains where people have them, and nothing beside them."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from forge_lsp.checking.gate import Fault
from forge_lsp.checking.jvm.jdk import find_jdk
from forge_lsp.checking.jvm.maven import Repositories, build_of
from forge_lsp.checking.programs import readable_for
from forge_lsp.checking.project import Place
from forge_lsp.languages.c_family.flags import outside_folders
from forge_lsp.languages.ecmascript.tsc import find_compiler
from forge_lsp.languages.kotlin.compiler import find_compiler as find_compiler_of_kotlin
from forge_lsp.languages.kotlin.sources import module_of, version_of
from forge_lsp.languages.php.suites import runner_of
from forge_lsp.languages.ruby.tools import find_ruby
from forge_lsp.languages.rust.tools import find_cargo
from forge_lsp.sandbox import exposure
from forge_lsp.sandbox.exposure import Origin, exposed, folders_of, mounts_of
from forge_lsp.sandbox.interpreters import environment_at, own_interpreter

pytestmark = pytest.mark.skipif(os.name != "posix", reason="names POSIX paths")

PYTHONS = (
    ".pyenv/versions/3.12.1",
    ".local/share/uv/python/cpython-3.12.1-linux-x86_64-gnu",
    "miniconda3",
    "miniconda3/envs/science",
    ".asdf/installs/python/3.12.1",
    ".local/share/mise/installs/python/3.12.1",
    ".config/python/3.12",
)
OTHERS = {
    ".nvm/versions/node/v20.1.0": ("bin/node", "include/node/node_version.h"),
    ".config/nvm/versions/node/v22.0.0": ("bin/node", "include/node/node_version.h"),
    ".sdkman/candidates/java/21": ("bin/java", "bin/javac", "lib/modules"),
    ".rustup/toolchains/stable-x": ("bin/cargo", "lib/rustlib/components"),
    "sdk/go1.24": ("bin/go", "VERSION", "src/runtime/x.go"),
    ".dotnet": ("dotnet", "sdk/9/x", "shared/x"),
}
SECRETS = (
    ".ssh/id_ed25519",
    ".aws/credentials",
    ".cargo/credentials.toml",
    ".config/gh/hosts.yml",
    ".local/share/keyrings/login",
    ".netrc",
    ".m2/settings.xml",
    "Documents/taxes.txt",
    "other/.env",
)


def make(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    return folder


def make_python(folder: Path) -> Path:
    return make(folder, "bin/python3.12", "lib/python3.12/os.py", "share/secret")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = make(tmp_path / "home" / "me", *SECRETS)
    for name in PYTHONS:
        make_python(folder / name)
    for name, files in OTHERS.items():
        make(folder / name, *files)
    make(folder, ".cargo/bin/rustup", ".cargo/registry/x", "code/ws/main.py")
    monkeypatch.setenv("HOME", str(folder))
    yield folder


@pytest.fixture
def workspace(home: Path) -> Path:
    return home / "code" / "ws"


def shows(paths: tuple[Path, ...], file: Path) -> bool:
    return any(file.resolve().is_relative_to(path.resolve()) for path in paths)


def no_secret(paths: tuple[Path, ...], home: Path) -> list[str]:
    return [name for name in SECRETS if shows(paths, home / name)]


# ------------------------------------------------------------------ what goes on working


@pytest.mark.parametrize("name", PYTHONS)
def test_a_python_that_a_workspace_names_is_shown_and_no_more(home: Path, workspace: Path, name: str) -> None:
    base = home / name
    make(workspace / ".venv", "lib/python3.12/site-packages/x")
    (workspace / ".venv/pyvenv.cfg").write_text(f"home = {base}/bin\nversion = 3.12.1\n")
    (workspace / ".venv/bin").mkdir()
    (workspace / ".venv/bin/python").symlink_to(base / "bin/python3.12")
    found = environment_at(workspace / ".venv", workspace=workspace)
    assert found is not None
    assert shows(found.readable, base / "lib/python3.12/os.py")
    assert shows(found.readable, base / "bin/python3.12")
    assert not shows(found.readable, base / "share/secret")
    assert no_secret(found.readable, home) == []
    places = {place for _, place in mounts_of(found.readable, workspace)}
    assert base / "bin" in places


@pytest.mark.parametrize("name", [*OTHERS, *PYTHONS])
def test_a_toolchain_of_the_users_own_is_shown_whole(home: Path, workspace: Path, name: str) -> None:
    assert exposed((home / name,), origin=Origin.USER, workspace=workspace) == (home / name,)
    assert mounts_of((home / name,), workspace) == ((home / name, home / name),)


@pytest.mark.parametrize(
    "name",
    [
        ".cargo/bin",
        ".cargo/registry",
        ".local/bin",
        "bin",
        "go/pkg/mod",
        ".nuget/packages",
        ".config/yarn/node_modules",
    ],
)
def test_a_folder_of_programs_or_packages_is_shown(home: Path, workspace: Path, name: str) -> None:
    make(home / name, "tool")
    assert exposed((home / name,), origin=Origin.USER, workspace=workspace) == (home / name,)


def test_a_python_built_into_the_home_is_shown_by_its_parts(home: Path, workspace: Path) -> None:
    for base in (home / ".local", home):
        make_python(base)
        for origin in Origin:
            found = exposed((base,), origin=origin, workspace=workspace)
            assert shows(found, base / "lib/python3.12/os.py")
            assert no_secret(found, home) == []


def test_an_environment_that_is_a_link_is_shown_where_it_is(home: Path, workspace: Path) -> None:
    base = home / PYTHONS[0]
    real = make(home / ".virtualenvs/ws", "lib/python3.12/site-packages/x", "private/x")
    (real / "pyvenv.cfg").write_text(f"home = {base}/bin\n")
    (real / "bin").mkdir()
    (real / "bin/python").symlink_to(base / "bin/python3.12")
    (workspace / ".venv").symlink_to(real)
    found = environment_at(workspace / ".venv", workspace=workspace)
    assert found is not None
    assert found.path == real / "bin/python"
    assert shows(found.readable, real / "lib/python3.12/site-packages/x")
    assert not shows(found.readable, real / "private/x")


def test_our_own_interpreter_is_shown() -> None:
    own = own_interpreter()
    library = Path(os.__file__)
    assert shows((*own.readable, Path("/usr")), library)


# ------------------------------------------------------------------ what is refused


FORBIDDEN = (
    "",
    "..",
    "../..",
    ".ssh",
    ".aws",
    ".config",
    ".config/gh",
    ".cargo",
    ".local",
    ".local/share",
    ".local/share/keyrings",
    ".netrc",
    ".m2",
    ".pyenv",
    "code",
)


@pytest.mark.parametrize("name", [*FORBIDDEN, "Documents", "other", "sdk"])
def test_what_a_workspace_names_opens_no_folder_of_the_home(home: Path, workspace: Path, name: str) -> None:
    assert exposed((home / name,), origin=Origin.WORKSPACE, workspace=workspace) == ()


@pytest.mark.parametrize("name", FORBIDDEN)
def test_nothing_opens_these_folders(home: Path, workspace: Path, name: str) -> None:
    assert exposed((home / name,), origin=Origin.USER, workspace=workspace) == ()
    assert mounts_of((home / name,), workspace) == ()
    assert folders_of((home / name,), workspace) == ()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/run",
        "/var",
        "/var/lib",
        "/etc",
        "/etc/ssh",
        "/proc",
        "/proc/self",
        "/sys",
        "/dev",
        "/home",
        "/opt",
        "/tmp",
    ],
)
@pytest.mark.parametrize("origin", Origin)
def test_no_folder_of_the_system_is_opened(workspace: Path, path: str, origin: Origin) -> None:
    assert exposed((Path(path),), origin=origin, workspace=workspace) == ()


def test_a_link_is_judged_by_where_it_leads(home: Path, workspace: Path) -> None:
    for number, name in enumerate(FORBIDDEN):
        link = workspace / f"link{number}"
        link.symlink_to(home / name)
        for path in (link, workspace / "sub/.." / link.name, Path(f"/usr/../{link}")):
            assert no_secret(exposed((path,), origin=Origin.WORKSPACE, workspace=workspace), home) == []
            assert no_secret(folders_of((path,), workspace), home) == []
    assert exposed((workspace / "../../.ssh",), origin=Origin.WORKSPACE, workspace=workspace) == ()


def test_no_socket_is_shown(tmp_path: Path, workspace: Path) -> None:
    place = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        os.mkfifo(tmp_path / "pipe")
        for path in (place, tmp_path / "pipe", Path("/dev/zero")):
            assert mounts_of((path,), workspace) == ()


def test_a_workspace_that_is_the_home_opens_no_dot_folder(home: Path) -> None:
    for name in (".ssh", ".aws", ".config/gh", ".netrc"):
        assert exposed((home / name,), origin=Origin.WORKSPACE, workspace=home) == ()
        assert folders_of((home / name,), home) == ()


@pytest.mark.parametrize("target", [".ssh", "", "Documents", ".config/gh", "code", "other"])
def test_a_base_without_a_python_opens_nothing(home: Path, workspace: Path, target: str) -> None:
    make(workspace / ".venv", "lib/python3.12/site-packages/x")
    (workspace / ".venv/bin").mkdir()
    (workspace / ".venv/bin/python").symlink_to("/usr/bin/python3")
    for line in (f"home = {home}/{target}/bin", f"home = {home}/{target}/x/..", f"HOME={home / target}/."):
        (workspace / ".venv/pyvenv.cfg").write_text(f"{line}\nversion = 3.12.1\n")
        found = environment_at(workspace / ".venv", workspace=workspace)
        assert found is not None
        assert no_secret(found.readable, home) == []
    (workspace / ".venv/bin/python").unlink()
    make(home / target, "bin/python")
    (workspace / ".venv/bin/python").symlink_to(home / target / "bin/python")
    found = environment_at(workspace / ".venv", workspace=workspace)
    assert found is not None
    assert no_secret(found.readable, home) == []


# ------------------------------------------------------------------ JavaScript


def script(folder: Path, name: str = "typescript") -> Path:
    make(folder, f"{name}/bin/tsc")
    (folder / name / "package.json").write_text(f'{{"name": "{name}"}}')
    return folder / name / "bin/tsc"


def node_path(home: Path) -> dict[str, str]:
    node = home / ".nvm/versions/node/v20.1.0/bin/node"
    node.chmod(0o755)
    return {"PATH": str(node.parent)}


@pytest.mark.parametrize(
    "target",
    [
        "bin/tsc",
        ".ssh/bin/tsc",
        ".config/bin/tsc",
        "code/typescript/bin/tsc",
        "other/bin/tsc",
        "Documents/x/tsc",
    ],
)
def test_a_compiler_that_is_a_link_out_of_the_workspace_opens_nothing(home: Path, workspace: Path, target: str) -> None:
    make(home, target)
    link = workspace / "node_modules/typescript/bin/tsc"
    link.parent.mkdir(parents=True)
    link.symlink_to(home / target)
    place = Place(source=workspace, document=PurePosixPath("main.ts"))
    found = find_compiler(place, node_path(home), trusted=True)
    assert isinstance(found, Fault) or no_secret(found.readable, home) == []
    shown = () if isinstance(found, Fault) else found.readable
    assert not shows(shown, workspace.parent / "x")


def test_node_modules_that_is_a_link_to_a_parent_opens_nothing(home: Path) -> None:
    workspace = home / "code" / "typescript"
    make(workspace, "bin/tsc", "main.ts")
    (workspace / "node_modules").symlink_to("..")
    found = find_compiler(Place(source=workspace, document=PurePosixPath("main.ts")), node_path(home), trusted=True)
    shown = () if isinstance(found, Fault) else found.readable
    assert not any(workspace.is_relative_to(path.resolve()) and path.resolve() != workspace for path in shown)


@pytest.mark.parametrize(
    "store",
    [
        "code/ws/node_modules/.pnpm/typescript@5.4.5/node_modules",
        ".local/share/pnpm/store/v10/links/@/typescript/5.4.5/abc/node_modules",
        ".nvm/versions/node/v20.1.0/lib/node_modules",
        "code/node_modules",
        ".bun/install/cache",
    ],
)
def test_a_compiler_in_a_store_of_packages_is_shown_narrowly(home: Path, workspace: Path, store: str) -> None:
    real = script(home / store)
    link = workspace / "node_modules/typescript"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(home / store / "typescript")
    found = find_compiler(Place(source=workspace, document=PurePosixPath("main.ts")), node_path(home), trusted=True)
    assert not isinstance(found, Fault)
    assert found.command[-1] == str(real)
    assert shows(found.readable, real)
    assert no_secret(found.readable, home) == []
    assert not shows(found.readable, home / ".bun/x")


def test_a_program_in_the_home_itself_is_shown_alone(home: Path) -> None:
    make(home, "tsc")
    assert readable_for(home / "tsc") == (home / "tsc",)


# ------------------------------------------------------------------ Rust


@pytest.mark.parametrize(
    "channel",
    ["/nonexistent", "../../.cargo", "..", ".", "*", "stable-x/../../../.ssh", "", "a" * 500, "\\u0000", "~/x", "{}"],
)
def test_a_channel_that_is_a_path_is_said_to_be_none(home: Path, workspace: Path, channel: str) -> None:
    rustup = home / ".cargo/bin/rustup"
    rustup.chmod(0o755)
    (home / ".cargo/bin/cargo").symlink_to("rustup")
    make(home, ".cargo/lib/rustlib/x")
    (workspace / "rust-toolchain.toml").write_text(f'[toolchain]\nchannel = "{channel}"\n')
    environment = {"HOME": str(home), "PATH": str(home / ".cargo/bin")}
    found = find_cargo(Place(source=workspace, document=PurePosixPath("src/main.rs")), environment)
    assert isinstance(found, Fault)
    assert found.remedy


@pytest.mark.parametrize(
    "text", ["[toolchain]\nchannel = 'stable'", "stable", "stable-x\n", "[toolchain]\nchannel='stable-x'"]
)
def test_a_channel_that_rustup_has_is_shown(home: Path, workspace: Path, text: str) -> None:
    (home / ".cargo/bin/rustup").chmod(0o755)
    (home / ".cargo/bin/cargo").symlink_to("rustup")
    (workspace / "rust-toolchain").write_text(text)
    environment = {"HOME": str(home), "PATH": str(home / ".cargo/bin")}
    found = find_cargo(Place(source=workspace, document=PurePosixPath("src/main.rs")), environment)
    assert not isinstance(found, Fault)
    assert shows(found.readable, home / ".rustup/toolchains/stable-x/lib/rustlib/components")
    assert no_secret(found.readable, home) == []


# ------------------------------------------------------------------ Ruby, PHP, Kotlin


@pytest.mark.parametrize(
    "text",
    [
        *("../../.ssh", "/home/me/.ssh", "3.3.0/../../../.ssh", "3.3..", "ruby-3.3.0", "3.3.0", "system", "", "~/.ssh"),
        *("ruby ../../../.ssh", "ruby 3.3.0/../../.aws", "1" * 5_000, "\u0000", "3.3.0\n../../.ssh", "path:../.ssh"),
    ],
)
def test_a_version_of_ruby_is_no_path(home: Path, workspace: Path, text: str) -> None:
    ruby = home / ".rbenv/versions/3.3.0"
    make(ruby, "bin/ruby", "lib/ruby/3.3.0/set.rb")
    make(home, ".rbenv/shims/ruby", ".ssh/bin/ruby", ".aws/bin/ruby")
    (home / ".rbenv/shims/ruby").write_text("#!/bin/sh\n")
    for path in (home / ".rbenv/shims/ruby", ruby / "bin/ruby", home / ".ssh/bin/ruby", home / ".aws/bin/ruby"):
        path.chmod(0o755)
    environment = {"HOME": str(home), "PATH": str(home / ".rbenv/shims")}
    for name in (".ruby-version", ".tool-versions", "mise.toml"):
        (workspace / name).write_text(text)
        found = find_ruby(environment, Place(source=workspace, document=PurePosixPath("a.rb")))
        (workspace / name).unlink()
        assert found is None or found.program == ruby / "bin/ruby"
        shown = folders_of(found.readable, workspace) if found is not None else ()
        assert no_secret(shown, home) == []
        assert found is None or shows(shown, ruby / "lib/ruby/3.3.0/set.rb")


def test_gems_of_the_system_are_shown(tmp_path: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "var", "lib/gems/3.1.0/gems/x.rb", "lib/postgres/data", "run/x")
    monkeypatch.setattr(exposure, "_OTHERS", (str(tmp_path / "var"),))
    monkeypatch.setattr(exposure, "_PACKAGES", (str(tmp_path / "var/lib/gems"),))
    gems = tmp_path / "var/lib/gems/3.1.0"
    assert exposed((gems,), origin=Origin.USER, workspace=workspace) == (gems,)
    assert exposed((gems,), origin=Origin.WORKSPACE, workspace=workspace) == ()
    for name in ("var", "var/lib", "var/run", "var/lib/postgres"):
        assert exposed((tmp_path / name,), origin=Origin.USER, workspace=workspace) == ()


@pytest.mark.parametrize("target", ["Documents/x", ".ssh/x", "other/x", ".config/x", "x"])
@pytest.mark.parametrize("place", ["node_modules/.bin/node", "vendor/bin/phpunit", "web/node_modules/.bin/tsc"])
def test_a_tool_of_a_projects_packages_opens_nothing(home: Path, workspace: Path, target: str, place: str) -> None:
    """Their folder is on PATH for many; what lies there came with the repository."""
    make(home, target)
    link = workspace / place
    link.parent.mkdir(parents=True)
    link.symlink_to(home / target)
    shown = readable_for(link)
    assert no_secret(shown, home) == []
    assert not shows(shown, home / target)


def test_phpunit_that_is_a_link_opens_nothing(home: Path, workspace: Path) -> None:
    make(home, "Documents/phpunit")
    (workspace / "vendor/bin").mkdir(parents=True)
    (workspace / "vendor/bin/phpunit").symlink_to(home / "Documents/phpunit")
    place = Place(source=workspace, document=PurePosixPath("a.php"))
    found = runner_of(place, {"PATH": ""})
    assert found is None or not Path(found.script).is_absolute()


@pytest.mark.parametrize(
    "text",
    [
        'kotlin("jvm") version "../../../Documents"',
        'kotlin("jvm") version "1.9.0/../../../Documents"',
        'implementation("org.jetbrains.kotlin:../../../Documents:1")',
        'implementation(files("/home/me/.ssh"))',
        'implementation(project(":../../.ssh"))',
        "implementation(projects.ssh)",
    ],
)
def test_a_gradle_build_opens_no_folder(home: Path, workspace: Path, text: str) -> None:
    make(home, ".m2/repository/org/jetbrains/kotlin/x/1/x-1.jar", "Documents/kotlin-stdlib-1.jar", ".gradle/x")
    (workspace / "build.gradle.kts").write_text(text)
    make(workspace, "gradle/wrapper/gradle-wrapper.jar")
    words = f"distributionUrl=file\\:{home}/.ssh/id_ed25519\ndistributionBase=GRADLE_USER_HOME/../.ssh\n"
    (workspace / "gradle/wrapper/gradle-wrapper.properties").write_text(words)
    (workspace / "gradle.properties").write_text(f"org.gradle.java.home={home}/.ssh\nkotlin.version=../x\n")
    (workspace / "local.properties").write_text(f"sdk.dir={home}/.ssh\n")
    (workspace / ".sdkmanrc").write_text("java=../../../.ssh\nkotlin=../../.ssh\n")
    repositories = Repositories.of({"HOME": str(home)})
    place = Place(source=workspace, document=PurePosixPath("A.kt"))
    module = module_of(place, "fun a() = 1", repositories)
    assert module.folders == ()
    compiler = find_compiler_of_kotlin({"HOME": str(home), "PATH": ""}, repositories, version_of(place, module.build))
    assert isinstance(compiler, Fault)
    jdk = find_jdk({"HOME": str(home), "PATH": ""}, place)
    assert isinstance(jdk, Fault)


# ------------------------------------------------------------------ Java, C


@pytest.mark.parametrize(
    ("group", "name", "version"),
    [
        ("g", "../../../Documents/x", "1"),
        ("g", "x", "../../../../Documents"),
        ("..", "x", "1"),
        ("/", "x", "1"),
        ("g", "x", ".."),
        ("g", "*", "1"),
    ],
)
def test_coordinates_are_no_paths(home: Path, workspace: Path, group: str, name: str, version: str) -> None:
    make(home, ".m2/repository/g/y/1/y-1.jar", "Documents/x-Documents.jar", "Documents/x-1.jar")
    (workspace / "pom.xml").write_text(
        "<project><dependencies><dependency>"
        f"<groupId>{group}</groupId><artifactId>{name}</artifactId><version>{version}</version>"
        "</dependency></dependencies></project>"
    )
    place = Place(source=workspace, document=PurePosixPath("A.java"))
    assert build_of(place, Repositories.of({"HOME": str(home)})).jars == ()


def test_coordinates_of_a_jar_that_is_here(home: Path, workspace: Path) -> None:
    make(home, ".m2/repository/org/a-b/y_1/1.0.0+x/y_1-1.0.0+x.jar")
    (workspace / "build.gradle").write_text('dependencies { implementation "org.a-b:y_1:1.0.0" }')
    make(home, ".m2/repository/org/a-b/y_1/1.0.0/y_1-1.0.0.jar")
    place = Place(source=workspace, document=PurePosixPath("A.java"))
    jars = build_of(place, Repositories.of({"HOME": str(home)})).jars
    assert jars == (home / ".m2/repository/org/a-b/y_1/1.0.0/y_1-1.0.0.jar",)
    assert exposed([jar.parent for jar in jars], origin=Origin.USER, workspace=workspace) == (jars[0].parent,)


def test_flags_open_headers_only(home: Path, workspace: Path) -> None:
    words = ("/opt", "/opt/", f"/opt/../{home}/.ssh", "/opt/../etc", f"/opt/../{home}", "/opt/nonexistent/include")
    assert outside_folders(words, workspace) == ()


def test_without_a_home_nothing_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def unknown(_: int) -> None:
        raise KeyError

    exposure._homes_with.cache_clear()
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    make(tmp_path / "tools", "tool")
    assert exposed((tmp_path / "tools",), origin=Origin.USER, workspace=None) == (tmp_path / "tools",)
    assert exposed((tmp_path / "tools",), origin=Origin.WORKSPACE, workspace=None) == ()
    exposure._homes_with.cache_clear()
