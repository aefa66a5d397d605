"""Write the project's public address wherever it stands besides ``_config.yml``.

That file's ``repository: url:`` is the one place where a person changes it. Badges, citation,
project links and the chapters' install cells derive from it, here.
"""

import argparse
import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
DERIVED = (
    "_config.yml",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "README.md",
    "pyproject.toml",
    "book/**/*.md",
)

NAME = r"[\w-]+/[\w-]+"
PATTERNS = {
    # what stands before it, the address, what it becomes
    rf"(git\+|git clone )https://github\.com/{NAME}": r"\1{repository}",
    r"(repository-code: |[Rr]epository = )\"[^\"]+\"": r'\1"{repository}"',
    rf"https://github\.com/{NAME}(?=/(actions/|issues|blob/main/CHANGELOG|raw/main))": (
        "{repository}"
    ),
    rf"(mybinder\.org/v2/gh/|colab\.research\.google\.com/github/){NAME}": r"\1{name}",
    r"https://[\w-]+\.github\.io/[\w-]+/": "{pages}",
}


def addresses(root):
    """Public addresses that follow from the repository's."""
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    repository = config["repository"]["url"]
    owner, project = repository.removeprefix("https://github.com/").split("/")
    return {
        "repository": repository,
        "name": f"{owner}/{project}",
        "pages": f"https://{owner}.github.io/{project}/",
    }


def rewrite(text, places):
    """Put the addresses into a text."""
    for pattern, replacement in PATTERNS.items():
        text = re.sub(pattern, replacement.format(**places), text)
    return text


def outdated(root):
    """Files whose addresses do not follow from ``_config.yml``, with the text they should have."""
    places = addresses(root)
    for pattern in DERIVED:
        for path in sorted(root.glob(pattern)):
            text = path.read_text(encoding="utf-8")
            if (new := rewrite(text, places)) != text:
                yield path, new


def main(arguments=None):
    """Write or check the addresses; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--root", type=Path, default=ROOT, help="top folder of the project")
    options = parser.parse_args(arguments)
    files = list(outdated(options.root))
    for path, new in files:
        print(f"address: {path} {'is out of date; run: make address' * options.check}")
        if not options.check:
            path.write_text(new, encoding="utf-8")
    return int(options.check and bool(files))


if __name__ == "__main__":
    sys.exit(main())
