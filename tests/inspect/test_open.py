"""make open: opens the page that exists."""

import pytest
from open import show


def test_open_finds_the_only_page(tmp_path, monkeypatch):
    opened = []
    browser = type("Browser", (), {"open": lambda self, address: opened.append(address)})()
    monkeypatch.setattr("webbrowser.get", lambda: browser)
    with pytest.raises(SystemExit, match="no page here yet"):
        show(tmp_path / "report.html")
    demo = tmp_path / "demo/report.html"
    demo.parent.mkdir()
    demo.write_text("the demo")
    assert demo.as_uri() in show(tmp_path / "report.html")
    (tmp_path / "report.html").write_text("the real one")
    show(tmp_path / "report.html")
    assert opened == [demo.as_uri(), (tmp_path / "report.html").as_uri()]
