"""Sessions over several requests: the same steps against nginx + PHP-FPM and against Howdah."""

import threading

import pytest

from harness.waiting import allow


@pytest.fixture(scope="module")
def pair(pairs):
    return pairs("usual")


class Visitor:
    """Keeps the session's cookie, as a browser does."""

    def __init__(self, server):
        self.server = server
        self.cookie = None

    def visit(self, steps="start", cookie=None, gate=None):
        target = f"/visits.php?do={steps}" + (f"&gate={gate.path}" if gate else "")
        sent = cookie or self.cookie
        answer = self.server.get(target, {"Cookie": sent} if sent else {})
        cookies = answer.all("Set-Cookie")
        if cookies:
            self.cookie = cookies[-1].split(";")[0]
        # An empty answer above 399 gets a page from Howdah.
        text = "" if answer.text == answer.reason else answer.text
        return [answer.status, text, len(cookies), answer.header("Cache-Control")]


# name: what one visitor does, step after step.
SCENARIOS = {
    "counts": ["start"] * 4,
    "closed_early": ["start,close", "start,close", "read"],
    "read_only": ["start,set:x", "read", "start"],
    "regenerated": ["start", "start,regenerate:keep", "start", "start,regenerate:delete", "start"],
    "destroyed": ["start", "start,destroy", "start"],
    "kept_at_a_fatal": ["start", "start,set:x,fatal", "start"],
    "kept_at_exit": ["start", "start,set:x,exit", "start"],
    "started_twice_in_a_request": ["start,close,start,close", "start"],
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_visitor_sees_the_same(pair, name):
    found = []
    for server in (pair.fpm, pair.howdah):
        visitor = Visitor(server)
        found.append([visitor.visit(steps) for steps in SCENARIOS[name]])
    assert found[0] == found[1]


def test_an_old_id_after_regenerating_is_another_session(pair):
    def old_id(server):
        visitor = Visitor(server)
        visitor.visit()
        old = visitor.cookie
        visitor.visit("start,regenerate:delete")
        answer = visitor.visit(cookie=old)
        return answer, visitor.cookie != old

    assert old_id(pair.fpm) == old_id(pair.howdah)


def visit_behind(visitor, first_steps, second_steps="start"):
    """A second visit while the first is held at a gate, and whether it waits for the first to end."""
    gate, answers, done = visitor.server.gate(), {}, threading.Event()
    visitor.visit()

    def second():
        answers["second"] = visitor.visit(second_steps)
        done.set()

    first = threading.Thread(target=lambda: answers.update(first=visitor.visit(first_steps, gate=gate)))
    first.start()
    gate.wait_started()
    other = threading.Thread(target=second)
    other.start()
    # That it does not come cannot be waited for: 0.2 s is forty times what a visit takes.
    came = done.wait(0.2)
    gate.release()
    first.join(allow(20))
    other.join(allow(20))
    return came, answers["first"], answers["second"]


LOCKED = {"held": "start,gate", "held_until_a_fatal": "start,gate,fatal", "held_until_exit": "start,set:x,gate,exit"}


@pytest.mark.parametrize("name", LOCKED)
def test_a_session_is_locked_until_its_request_ends(pair, name):
    fpm, howdah = (visit_behind(Visitor(server), LOCKED[name]) for server in (pair.fpm, pair.howdah))
    assert fpm[0] is False
    assert fpm == howdah


@pytest.mark.parametrize("steps", ["start,close,gate", "read,gate"])
def test_a_closed_session_keeps_nobody_waiting(pair, steps):
    def behind(server):
        visitor, gate = Visitor(server), server.gate()
        visitor.visit()
        first = threading.Thread(target=visitor.visit, args=(steps,), kwargs={"gate": gate})
        first.start()
        gate.wait_started()
        answer = visitor.visit()  # would wait for ever
        gate.release()
        first.join(allow(20))
        return answer

    assert behind(pair.fpm) == behind(pair.howdah)


def test_many_visits_at_once_are_all_counted(pair):
    def crowd(server):
        visitor = Visitor(server)
        visitor.visit()
        threads = [threading.Thread(target=visitor.visit) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(allow(30))
        return visitor.visit()

    fpm, howdah = crowd(pair.fpm), crowd(pair.howdah)
    assert fpm == howdah
    assert '"visits":22' in howdah[1]
