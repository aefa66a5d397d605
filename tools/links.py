"""Ask whether the outside addresses that no page of the book shows are still there.

They are the DOIs of the references, which are asked of the register of DOIs, since publishers
refuse programs; and the links of the files at the top of the repository. Those of the pages are
asked by Sphinx. `make links` does both.
"""

import argparse
import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import address

ROOT = Path(__file__).resolve().parent.parent
REGISTER = "https://doi.org/api/handles/"
FILES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "elastic_tutorial/data/NOTICE.md")
WAIT = 20  # seconds


def dois(root=ROOT):
    """DOIs of the references."""
    text = (root / "book/references.bib").read_text(encoding="utf-8")
    return re.findall(r"\bdoi\s*=\s*[{\"]\s*([^}\"\s]+)", text)


def addresses(root=ROOT):
    """Outside addresses of the files at the top, less those of the project itself."""
    text = "".join((root / name).read_text(encoding="utf-8") for name in FILES)
    found = re.findall(r"https?://[^\s()<>\"'`\]]+", text)
    own = tuple(address.addresses(root).values())
    kept = {each.rstrip(".,;") for each in found if not any(name in each for name in own)}
    return sorted(each for each in kept if "//127.0.0.1" not in each)


def fault_of_doi(doi, register=REGISTER):
    """Say what is wrong with a DOI, or nothing."""
    fault, body = ask(register + doi)
    if fault or json.loads(body)["responseCode"] == 1:
        return fault and f"doi {doi}: {fault}"
    return f"doi {doi}: not in the register"


def fault_of_address(where):
    """Say what is wrong with an address, or nothing."""
    fault, _ = ask(where)
    return fault and f"{where}: {fault}"


def ask(where, tries=3):
    """Return what is wrong with the answer of an address, or None, and its body."""
    for _ in range(tries):
        try:
            with urlopen(Request(where, headers={"User-Agent": "links"}), timeout=WAIT) as reply:
                return None, reply.read()
        except HTTPError as error:
            fault = f"{error.code} {error.reason}"
        except OSError as error:
            fault = str(getattr(error, "reason", error))
    return fault, b""


def main(arguments=None):
    """Ask them all; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--register", default=REGISTER, help="of DOIs (default: %(default)s)")
    options = parser.parse_args(arguments)
    with ThreadPoolExecutor(8) as pool:
        of_dois = pool.map(lambda doi: fault_of_doi(doi, options.register), dois())
        faults = [fault for fault in [*of_dois, *pool.map(fault_of_address, addresses())] if fault]
    for fault in faults:
        print(f"links: {fault}", file=sys.stderr)
    print(f"links: {len(dois())} DOIs and {len(addresses())} addresses, {len(faults)} at fault")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
