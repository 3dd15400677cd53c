"""Keys, tokens and passwords in whatever is shown to a model; all of these are made up."""

from __future__ import annotations

import json
import random
import re

import pytest

from forge_lsp import redaction
from forge_lsp.logfile import redact as redact_line
from forge_lsp.redaction import hidden, redact
from forge_lsp.text_words import Words, folded

HEX = "9f86d081884c7d659a2feaa0c55ad015"
LONG = "A7bQ9xK2mN4pR6tV8wY1zC3eF5gH0jLdSuXiO"
SECRETS = {
    "a bearer token": (f"Authorization: Bearer {HEX}", HEX),
    "a bearer token in code": (f'headers = {{"Authorization": "Bearer {HEX}"}}', HEX),
    "a bearer token alone": (f"curl -H 'X: Bearer {HEX}'", HEX),
    "a Slack webhook": ("https://hooks.slack.com/services/" + f"T00000000/B11111111/{LONG[:24]}", LONG[:24]),
    "a Discord webhook": (f"https://discord.com/api/webhooks/123456789012345678/{LONG}_{LONG[:30]}", LONG),
    "a Telegram bot": (f"TOKEN = '123456789:{LONG[:35]}'", LONG[:35]),
    "an Azure key": (f"DefaultEndpointsProtocol=https;AccountKey={LONG}{LONG}abcdefghijkl==;X=y", LONG),
    "a short password": ('password = "hunter2"', "hunter2"),
    "a short password in JSON": ('{"db_password": "s3cr3t!"}', "s3cr3t!"),
    "a password of a keyword argument": ("connect(user='me', passwd='tr0ub4dor')", "tr0ub4dor"),
    "an AWS key without quotes": (f"aws_secret_access_key = {LONG}/+z", LONG),
    "an AWS key in a variable": (f"export AWS_SECRET_ACCESS_KEY={LONG}/+z", LONG),
    "a GitHub token": (f"use ghp_{LONG[:36]} for it", LONG[:36]),
    "a GitLab token": (f"glpat-{LONG[:20]}", LONG[:20]),
    "a Stripe key": ("sk_" + f"live_{LONG[:24]}", LONG[:24]),
    "a Shopify token": ("shpat_" + HEX, HEX),
    "a Databricks token": (f"dapi{HEX}\n", HEX),
    "a DigitalOcean token": (f"dop_v1_{HEX}{HEX} ", HEX),
    "a Hugging Face token": ("hf_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH ", "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH"),
    "a password in an address": ("postgres://me:hunter22@db/x", "hunter22"),
    "a variable of a shell": ("PGPASSWORD=s3cretpw99 psql -h x", "s3cretpw99"),
    "an exported variable": ("export DB_PASSWORD=s3cretpw99", "s3cretpw99"),
    "npm's password": ("//registry.npmjs.org/:_password=czNjcmV0cHc5OQ==", "czNjcmV0cHc5OQ=="),
    "an entry of netrc": ("\nmachine example.com login me password s3cret99", "s3cret99"),
    "a line of YAML": ("\n  db_password: s3cretpw99", "s3cretpw99"),
    "docker login": ("docker login -u me -p s3cretpw99 example.com", "s3cretpw99"),
    "a long option": ("az login --username me --password 's3cretpw99'", "s3cretpw99"),
    "a long option of another name": ("gh auth --with-token=s3cretpw99", "s3cretpw99"),
    "helm registry login": ("helm registry login -u me -p=s3cretpw99", "s3cretpw99"),
    "sshpass": ("sshpass -p s3cretpw99 ssh host", "s3cretpw99"),
    "mysql": ("mysqldump -u root -ps3cretpw99 db", "s3cretpw99"),
    "redis-cli": ("redis-cli -h x -a s3cretpw99", "s3cretpw99"),
    "npm config": ("npm config set //r/:_authToken s3cretpw99", "s3cretpw99"),
}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_not_shown_and_comes_back(name: str) -> None:
    text, secret = SECRETS[name]
    for whole in (text, f"a task: {text}\nand more", f"x = 1\n\t{text}\n" * 2):
        found = redact(whole)
        assert secret not in found.text
        assert len(found.text) == len(whole)
        assert found.restore(found.text) == whole
        assert redact(found.text).text == found.text
        assert secret not in hidden(whole)


@pytest.mark.parametrize(
    "text",
    [
        'password = "password"',
        'fields = ["username", "password", "token"]',
        'input(type="password", name="pwd")',
        "def set_password(self, password: str) -> None: ...",
        'password = os.environ["DB_PASSWORD"]',
        'password = f"{prefix}1{name}"',
        'raise ValueError("Authorization: Bearer is missing")',
        "The linear github token of discord is in aws, says heroku: see the telegram docs at 10:30:00.",
        "sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'",
        "id = '123e4567-e89b-12d3-a456-426614174000'",
        "https://discord.com/developers/docs and https://hooks.slack.com/",
        "time = 12345678:30",
        "def login(password: Sha256Hash, other: int) -> None: ...",
        "interface A { password: Sha256Hash; }",
        "connect(password=password1)",
        "    password=first_value2,",
        "TOKEN=$(cat file1)",
        'parser.add_argument("--password", "-p", help="see section 4a")',
        "login -p is for the port; mkdir -p login/folder1",
        "docker login --password-stdin < file1",
        "mysql -p -u root1",
        "--token-file secret1.txt",
        "PASSWORD=${DB_PASSWORD1}",
        "password: ${{ secrets.PASSWORD1 }}",
        "machine learning needs a password",
    ],
)
def test_code_is_left_as_it_is(text: str) -> None:
    assert redact(text).text == text


def test_what_comes_back_in_a_tests_output_is_called_as_in_the_document() -> None:
    secret = f"ghp_{LONG[:36]}"
    document = redact(f"OTHER = 'glpat-{LONG[:20]}'\nKEY = '{secret}'\n")
    shown = re.search(r"ghp_\w+", document.text)
    assert shown is not None
    output = redact(f"AssertionError: 'npm_{HEX}' != '{secret}', that is, {LONG[:36]}", document.secrets)
    assert output.text.count(shown[0].removeprefix("ghp_")) == 2
    # What is found beside the document has a placeholder of its own, which stands for nothing in the document.
    assert [shown for shown, _ in output.secrets] == [f"REDACTED0003{'X' * 20}"]
    assert document.restore(output.text).count(secret) == 1


def test_a_short_password_is_found_again_among_words_of_its_length() -> None:
    found = redact('password = "hunter2"\nX001XXX = 1\n')
    assert found.restore(f"X001XXX = 1\n{found.text}") == 'X001XXX = 1\npassword = "hunter2"\nX001XXX = 1\n'


@pytest.mark.slow
@pytest.mark.parametrize(
    "part",
    [
        *("x", "x-", "a-", "password", "secret-", "eyJ", "://", "://a:", "a:"),
        *("aws_secret", "aws_secret_", "password='", "api_key ", 'api_key = "'),
        *(
            "PASSWORD=",
            "PASSWORD=a1",
            "_auth=",
            "machine password ",
            "machine a\n",
            "password: ",
            "- password:\n",
            "A_",
        ),
    ],
)
def test_a_file_made_to_take_long_takes_not_long(part: str) -> None:
    # A pattern that is tried at each character of a word would take minutes: the test's time limit ends it.
    text = part * 100_000
    found = redact(text)
    assert found.text
    assert found.restore(found.text) == text
    assert redact_line(text)


def test_the_rules_are_all_readable_and_say_whose_they_are() -> None:
    from importlib import resources

    document = json.loads(resources.files("forge_lsp").joinpath("secret_rules.json").read_text("utf-8"))
    assert "MIT License" in document["licence"]
    assert "gitleaks" in document["source"]
    for rule in document["rules"]:
        re.compile(rule["pattern"])
        assert rule["words"]
        assert all(word == word.lower() for word in rule["words"]), rule


_PARTS = (
    *(text for text, _ in SECRETS.values()),
    *("-----BEGIN RSA PRIVATE KEY-----\nabc\n12\n-----END RSA PRIVATE KEY-----", "-----BEGIN ", "PRIVATE KEY-----"),
    *(f"x_secret_y = '{HEX}'", f"apiKey: '{LONG}'", f"pa\u017f\u017fword='{LONG}'", "to\u212aen", "\u0130"),
    *("msg.abcdefghijk12345", f"SG.{LONG}", "task-1234567890abcdefgh", f"sk-{LONG}", "ghp_" + "Ab1" * 12),
    *(
        "x" * 79,
        "y" * 200,
        "Ab1" * 40,
        " " * 15,
        "\n",
        " ",
        "'",
        '"',
        ":",
        "=",
        "-",
        "_",
        "://",
        "@",
        "secret-",
        "api_key",
    ),
    *("https://me:pw123@host/", "eyJhbGciOi1.eyJhbGciOi1.abcdefgh1"),
)


@pytest.mark.parametrize("seed", range(150))
def test_what_is_looked_at_closely_is_all_that_could_be_a_secret(seed: int) -> None:
    """Against the shapes tried at each character of the text."""
    draw = random.Random(seed)
    text = "".join(draw.choices(_PARTS, k=draw.randrange(1, 14)))
    found = [match.span() for match in redaction._SHAPES.finditer(text)]  # pyright: ignore[reportPrivateUsage]
    spans = list(redaction._likely(folded(text)))  # pyright: ignore[reportPrivateUsage]
    assert [
        match.span()
        for start, stop in spans
        for match in redaction._SHAPES.finditer(text, start, stop)  # pyright: ignore[reportPrivateUsage]
    ] == found


def test_words_are_found_as_in_the_whole_text() -> None:
    words = ("sk-", "token", "a_b", ":", "s.", " login", "hooks.slack.com", "0:", "q~")
    texts = [
        "",
        "Token",
        "msg. x",
        "TO\u212aEN",
        "hooks and slack.com",
        "hooks.slack.com",
        "a_b",
        "a b",
        "x login",
        "10:",
    ]
    for text in [*texts, " ".join(texts), "\ud800sk-", "\u0130\u0131\u017f\u212a"]:
        held = folded(text)
        assert len(held.lower) == len(text)
        assert Words(words).held(held) == [word for word in words if word in held.lower]
    assert folded("\u0130\u0131\u017f\u212a").lower == "iisk"
