"""A server killed at any moment loses no label that it acknowledged and makes none twice."""

import html
import os
import random
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from perito.web.events import broken_chain
from perito.web.settings import Settings
from perito.web.veil import Veil

SERVE = """
import sys
from pathlib import Path
from perito.web.review import open_review
from perito.web.serving import server
server(open_review(Path(sys.argv[1])), "en", "127.0.0.1", int(sys.argv[2])).run()
"""
NAMES = ("ana", "ben")
SETTINGS = "items_a_day = 1000000\nwork_minutes = 1000000\ngolden_every = 0\nrepeat_every = 0\n"
WAIT_S = 60


class Program:
    """The server in a process of its own, to be killed and started again on the same port."""

    def __init__(self, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder, self.process = folder, None

    def start(self):
        command = [sys.executable, "-c", SERVE, str(self.folder), str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError("the server did not start")

    def kill(self):
        os.kill(self.process.pid, 9)
        self.process.wait()


class Reader(threading.Thread):
    """Labels item after item; what gets no answer is sent again with the same key, as the page does."""

    def __init__(self, program, name, password, wanted):
        super().__init__(daemon=True)
        import httpx

        self.http = httpx.Client(base_url=f"http://127.0.0.1:{program.port}", timeout=20)
        self.name, self.password, self.wanted = name, password, wanted
        self.acknowledged, self.fault, self.draw = {}, None, random.Random(name)

    def run(self):
        try:
            self.sign_in()
            while len(self.acknowledged) < self.wanted and self.read_one():
                pass
        except Exception as fault:  # noqa: BLE001  (told by the test)
            self.fault = fault
        finally:
            self.http.close()

    def sign_in(self):
        page = self.insist("GET", "/sign-in").text
        token = re.search(r'name="form_token" value="([^"]*)"', page)[1]
        fields = {"form_token": token, "name": self.name, "password": self.password}
        assert self.insist("POST", "/sign-in", data=fields).status_code == 303

    def read_one(self):
        page = self.insist("GET", "/queue").text
        form = re.search(r'action="/label".*?</form>', page, re.DOTALL)
        if form is None:
            return False
        fields = {
            name: html.unescape(value)
            for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form[0])
        }
        fields["answer.advert"] = self.draw.choice(["yes", "no", "cannot_tell"])
        answer = self.insist("POST", "/label", data=fields, headers={"Accept": "application/json"})
        assert answer.status_code == 200, answer.text
        self.acknowledged[fields["event_key"]] = (fields["slot"], fields["answer.advert"])
        return True

    def insist(self, method, path, **options):
        import httpx

        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                return self.http.request(method, path, **options)
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)


def survive(tmp_path, kit, labels, rounds):
    (tmp_path / "review.toml").write_text(SETTINGS, "utf-8")
    review = kit.make_review(
        tmp_path,
        items=labels // 2,
        settings=Settings(),
        design=kit.Design("d", {"all": 9**9}),
        hands=kit.Hands(wall=1),
    )
    for name in NAMES:
        kit.add_person(review, name, "reviewer", kit.PASSWORD)
    review.close()
    program = Program(tmp_path)
    program.start()
    readers = [Reader(program, name, kit.PASSWORD, labels // 2) for name in NAMES]
    for reader in readers:
        reader.start()
    draw = random.Random(1)
    try:
        for number in range(1, rounds + 1):
            goal = labels * number // (rounds + 1)
            while sum(len(reader.acknowledged) for reader in readers) < goal and any(
                reader.is_alive() for reader in readers
            ):
                time.sleep(0.002)
            time.sleep(draw.random() * 0.02)
            program.kill()
            program.start()
        for reader in readers:
            reader.join(WAIT_S + labels / 20)
    finally:
        program.kill()
    assert [reader.fault for reader in readers] == [None, None]
    return {key: value for reader in readers for key, value in reader.acknowledged.items()}


def check(folder, acknowledged, labels):
    connection = sqlite3.connect(folder / "review" / "review.sqlite")
    connection.row_factory = sqlite3.Row
    rows = connection.execute(
        "SELECT event_key, person_id, slot_no, choices FROM label_events WHERE kind = 'label'"
    ).fetchall()
    (secret,) = connection.execute("SELECT value FROM facts WHERE name = 'secret'").fetchone()
    recorded = {
        row["event_key"]: (Veil(secret).name(row["person_id"], row["slot_no"]), row["choices"])
        for row in rows
    }
    assert len(recorded) == len(rows) == len(acknowledged) == labels
    assert {
        key: (slot, f'{{"advert": "{value}"}}') for key, (slot, value) in acknowledged.items()
    } == recorded
    assert connection.execute("SELECT count(DISTINCT slot_no) FROM label_events").fetchone()[0] == labels
    assert broken_chain(connection) is None
    assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    connection.close()


def test_labels_survive_a_server_that_is_killed_again_and_again(tmp_path, kit):
    check(tmp_path, survive(tmp_path, kit, labels=60, rounds=4), 60)


@pytest.mark.long
def test_ten_thousand_labels_survive_a_hundred_kills(tmp_path, kit):
    check(tmp_path, survive(tmp_path, kit, labels=10_000, rounds=100), 10_000)
