"""The weekly check of outside links, against a register of this machine."""

import http.server
import json
import re
import threading

import links
import pytest

ASKED = []


class Register(http.server.BaseHTTPRequestHandler):
    """Answers as the register of DOIs does; it knows all but those of 10.9, and what is gone."""

    def do_GET(self):
        ASKED.append(self.path)
        known = not re.search("10[.]9/|gone", self.path)
        self.send_response(200 if known else 404)
        self.end_headers()
        self.wfile.write(json.dumps({"responseCode": 1 if known else 100}).encode())

    def log_message(self, *args):
        pass


@pytest.fixture
def register():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Register) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api/handles/"
        server.shutdown()


def test_every_doi_of_the_references_is_asked_for(register, monkeypatch, capsys):
    monkeypatch.setattr(links, "addresses", lambda: [])
    ASKED.clear()
    assert links.main(["--register", register]) == 0
    text = (links.ROOT / "book/references.bib").read_text(encoding="utf-8")
    assert len(ASKED) == len(re.findall("doi *=", text, re.IGNORECASE)) > 10
    assert "0 at fault" in capsys.readouterr().out


def test_what_is_not_there_is_told(register, monkeypatch, capsys):
    monkeypatch.setattr(links, "dois", lambda: ["10.1/there", "10.9/not"])
    monkeypatch.setattr(links, "addresses", lambda: [register + "10.1", register + "gone"])
    assert links.main(["--register", register]) == 1
    told = capsys.readouterr().err
    assert "doi 10.9/not: 404" in told
    assert "gone: 404" in told
    assert told.count("links:") == 2


def test_a_host_that_does_not_answer_is_told():
    fault = links.fault_of_address("http://127.0.0.1:9/")  # the port of nothing
    assert "refused" in fault


def test_the_links_of_the_front_pages_are_asked_for_but_not_our_own():
    found = links.addresses()
    assert "https://docs.astral.sh/uv/" in found
    assert not [each for each in found if "elastic-tutorial" in each or "127.0.0.1" in each]
