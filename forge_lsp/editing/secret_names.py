"""Names of files and folders that hold keys or passwords. Pure."""

from __future__ import annotations

import fnmatch
import re
from pathlib import PurePosixPath

__all__ = ["SECRET_FOLDERS", "is_secret_file", "is_secret_name"]

# Compared in lower case with a file's name and with the name of each folder above it, inside the workspace.
_SECRET_ALWAYS = (
    ".env*",
    "*.env",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    "credentials*",
    "secret.*",
    "secrets.*",
)
# Not when the name ends as source code does: kubeconfig.py is a module, token.ts a class.
_SECRET_NAMES = (
    "*.p8",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "*.ppk",
    "*.asc",
    "*.gpg",
    "*.pgp",
    "*.ovpn",
    "*.mobileprovision",
    ".flaskenv",
    ".npmrc",
    ".yarnrc",
    ".yarnrc.yml",
    ".netrc",
    "_netrc",
    ".pypirc",
    ".pgpass",
    ".my.cnf",
    ".git-credentials",
    ".htpasswd",
    ".dockercfg",
    ".dockerconfigjson",
    "*credentials*",
    "client_secret*.json",
    "service-account*.json",
    "service_account*.json",
    "*.secrets",
    "*.tfvars",
    "*.tfstate",
    "*.tfstate.*",
    "kubeconfig",
    "terraform.rc",
    ".terraformrc",
    "appsettings.secrets.json",
    "local.settings.json",
    ".vault-token",
    "nuget.config",
    "token",
    "http-token",
    "*.token",
)
SECRET_FOLDERS = (
    ".ssh",
    ".aws",
    ".gnupg",
    ".azure",
    ".kube",
    ".docker",
    ".git",
    ".hg",
    ".svn",
    ".gcloud",
    ".password-store",
)
"""Folders in which every file may hold keys or passwords, in lower case."""


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(fnmatch.translate(pattern) for pattern in patterns))


_SECRET_CODE, _SECRET_ANY = _any_of(_SECRET_ALWAYS), _any_of(_SECRET_ALWAYS + _SECRET_NAMES)


def is_secret_name(path: PurePosixPath, code: tuple[str, ...]) -> bool:
    """Whether a file's name, or a folder's above it, says that it holds keys or passwords (``path`` is relative).
    ``code`` are the endings of source code's names."""
    return any(part.lower() in SECRET_FOLDERS for part in path.parts[:-1]) or is_secret_file(path.name, code)


def is_secret_file(name: str, code: tuple[str, ...]) -> bool:
    """Whether a file's own name says so; see :func:`is_secret_name`."""
    lower = name.lower()
    return (_SECRET_CODE if lower.endswith(code) else _SECRET_ANY).match(lower) is not None
