# SPDX-License-Identifier: Apache-2.0
"""The sandbox: what a codec gets, what it gives, and what it cannot do."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest

from avlest.telegrams.lorawan.sandbox import LARGEST_SOURCE, Limits, Sandbox
from avlest.telegrams.outcomes import Outcome, TelegramError

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def run(source: str, payload: bytes = b"\x01\xff", *, port: int | None = 7, **variables: str) -> dict:
    answer: dict = json.loads(Sandbox(source).run(payload, port=port, received_at=NOW, variables=variables))
    return answer


def fail(source: str, **limits) -> TelegramError:
    with pytest.raises(TelegramError) as caught:
        Sandbox(source, limits=Limits(**limits)).run(b"\x01", port=1, received_at=NOW)
    assert caught.value.outcome is Outcome.CODEC_FAILED
    return caught.value


@pytest.mark.parametrize(
    "source",
    [
        "function decodeUplink(input) { return {data: {bytes: input.bytes, port: input.fPort}}; }",
        "const decodeUplink = ({bytes, fPort}) => ({data: {bytes, port: fPort}});",
        "function Decoder(bytes, port) { return {bytes: bytes, port: port}; }",
        "function Decode(fPort, bytes, variables) { return {bytes: bytes, port: fPort}; }",
        "module.exports = { decodeUplink(i) { return {data: {bytes: i.bytes, port: i.fPort}}; } };",
        "exports.decodeUplink = function (i) { return {data: {bytes: i.bytes, port: i.fPort}}; };",
        "decodeUplink = function (i) { return {data: {bytes: i.bytes, port: i.fPort}}; };",
        "'use strict'; let module; function decodeUplink(i) { return {data: {bytes: i.bytes, port: i.fPort}}; } // end",
    ],
)
def test_a_codec_is_called_the_way_it_is_written(source):
    """All ways that network servers have had of calling a codec give the same object."""
    assert run(source) == {"data": {"bytes": [1, 255], "port": 7}}


def test_the_newest_interface_wins():
    """A codec that has old and new functions is called by the new one."""
    source = "function Decoder() { return {old: true}; } function decodeUplink() { return {data: {old: false}}; }"
    assert run(source) == {"data": {"old": False}}


def test_the_clock_stands_at_the_time_of_reception():
    """Decoding again a year later gives the same times, whichever way a codec asks."""
    source = """function decodeUplink(input) { return {data: {
        a: new Date(), b: Date.now(), c: input.recvTime, d: Date(), e: new Date(0), f: new Date(2026, 0, 1).getTime(),
        g: new Date() instanceof Date, h: Date.UTC(1970, 0, 2), i: Date.parse('1970-01-01T00:00:01Z') }}; }"""
    data = run(source)["data"]
    assert (data["a"], data["b"]) == ("2026-03-29T01:30:00.000Z", round(NOW.timestamp() * 1000))
    assert data["c"] == data["a"]
    assert data["d"].startswith("Sun Mar 29 2026")
    assert data["e"] == "1970-01-01T00:00:00.000Z"
    assert (data["g"], data["h"], data["i"]) == (True, 86_400_000, 1000)


def test_a_codec_may_use_the_console_and_variables():
    """Codecs print and read variables; the one is silent, the other given."""
    source = "function decodeUplink(i) { console.log('x', i); console.table([]); return {data: i.variables}; }"
    assert run(source, meter="4711") == {"data": {"meter": "4711"}}


def test_nothing_of_one_uplink_shows_in_the_next():
    """Top-level variables, implicit globals and changed prototypes are gone when the next device's uplink comes."""
    sandbox = Sandbox("""
        var seen = []; let count = 0;
        function decodeUplink(input) {
          var before = {seen: seen.length, count: count, leak: typeof leak, proto: typeof [].mine,
                        object: typeof ({}).mine, parse: JSON.parse('1'), cache: typeof decodeUplink.cache,
                        now: typeof Date.cache};
          seen.push(input.bytes); count++; leak = input.bytes; decodeUplink.cache = 1;
          try { Array.prototype.mine = 1; } catch (e) {}
          Object.prototype.mine = 1; JSON.parse = function () { return 2; }; Date.cache = 1;
          Object.getPrototypeOf(function* () {}).mine = 1;
          return {data: before};
        }""")
    first, second = (json.loads(sandbox.run(b"\x01", port=1, received_at=NOW))["data"] for _ in range(2))
    assert first == second
    assert (second["seen"], second["count"], second["leak"], second["parse"]) == (0, 0, "undefined", 1)
    assert {second["proto"], second["object"], second["cache"], second["now"]} == {"undefined"}


def test_a_global_that_cannot_be_removed_costs_an_engine_and_nothing_else():
    """A codec that pins a name to the global object still starts from a clean one."""
    sandbox = Sandbox("""function decodeUplink() {
        var before = typeof pinned;
        Object.defineProperty(globalThis, 'pinned', {value: 1}); return {data: {before}}; }""")
    answers = {sandbox.run(b"\x01", port=1, received_at=NOW) for _ in range(3)}
    assert answers == {'{"data":{"before":"undefined"}}'}


@pytest.mark.parametrize("strictness", ["", "'use strict';"])
def test_a_codec_may_add_what_it_misses_to_the_built_ins(strictness):
    """A polyfill at the top of a codec works, in every call."""
    sandbox = Sandbox(
        strictness
        + """
        Array.prototype.little = function (at) { return this[at] | this[at + 1] << 8; };
        function Decoder(bytes) { return {value: bytes.little(0)}; }"""
    )
    answers = {sandbox.run(b"\x34\x12", port=1, received_at=NOW) for _ in range(3)}
    assert answers == {'{"data":{"value":4660}}'}


def test_objects_may_have_members_named_like_those_of_prototypes():
    """Frozen prototypes do not keep a codec's objects from having a toString or constructor of their own."""
    source = """'use strict';
        class Reading { constructor() { this.toString = () => 'mine'; } }
        function Fault() { this.name = 'Fault'; this.message = 'broken'; }
        Fault.prototype = Object.create(Error.prototype);
        Fault.prototype.constructor = Fault;
        function decodeUplink() { const e = new Fault(), o = {}; o.constructor = 5;
          return {data: {text: '' + new Reading(), name: e.name, message: e.message, constructor: o.constructor}}; }"""
    assert run(source)["data"] == {"text": "mine", "name": "Fault", "message": "broken", "constructor": 5}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("function decodeUplink( {", "SyntaxError"),
        ("var nothing = 1;", "no function decodeUplink, Decode or Decoder"),
        ("throw new Error('at the top');", "at the top"),
        ("function decodeUplink() { return missing.member; }", "'missing' is not defined|missing is not defined"),
        ("function decodeUplink() { throw 'text'; }", "text"),
        ("function decodeUplink() { return 5; }", "no object"),
        ("function decodeUplink() { return null; }", "no object"),
        ("async function decodeUplink() { return {}; }", "promise"),
        ("function decodeUplink() { return {data: 1n}; }", "BigInt"),
        ("function decodeUplink() { const a = {}; a.a = a; return a; }", "circular"),
        ("function decodeUplink() { return {toJSON() { return undefined; }}; }", "nothing that is JSON"),
        ("function decodeUplink() { return {data: 'x'.repeat(70000)}; }", "at most 65536"),
        ("function decodeUplink() { throw new Error('a\\nb\\u0007' + 'x'.repeat(1000)); }", "Error: a"),
    ],
)
def test_a_codec_that_is_wrong_is_an_outcome(source, words):
    """Whatever a codec does wrong, the sentence says what it was, short and printable."""
    error = fail(source)
    assert re.search(words, error.detail)
    assert len(error.detail) < 260
    assert error.detail.isprintable()


HOSTILE = {
    "endless loop": "for (;;);",
    "loop that catches": "for (;;) { try { for (;;); } catch (e) {} }",
    "loop in finally": "try { for (;;); } finally { for (;;); }",
    "catastrophic expression": "/^(a+)+$/.test('a'.repeat(60) + 'b');",
    "deep recursion": "(function f() { f(); })();",
    "deep JSON": "JSON.parse('['.repeat(1000000));",
    "memory in arrays": "const a = []; for (;;) a.push(new Array(100000).fill(1));",
    "memory in text": "let s = 'a'; for (;;) s += s;",
    "memory in one piece": "new Uint8Array(1 << 30);",
    "huge number": "let n = 3n; for (;;) n *= n;",
    "nested result": "let a = []; for (let i = 0; i < 1e7; i++) a = [a]; return {data: a};",
    "endless list": "return {data: [...(function* () { for (;;) yield 1; })()]};",
    "loop in a getter": "return {get data() { for (;;); }};",
    "loop in toJSON": "return {data: {toJSON() { for (;;); }}};",
    "sort without end": "[3, 2, 1].sort(() => { for (;;); });",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_codecs_end_as_an_outcome_and_leave_the_sandbox_usable(name):
    """Limits on time, memory and stack hold, and the next uplink of the same codec is decoded."""
    sandbox = Sandbox(
        "function decodeUplink(input) { if (input.fPort === 1) {" + HOSTILE[name] + "} return {data: {}}; }"
    )
    with pytest.raises(TelegramError) as caught:
        sandbox.run(b"\x01", port=1, received_at=NOW)
    assert caught.value.outcome is Outcome.CODEC_FAILED
    assert sandbox.run(b"\x01", port=2, received_at=NOW) == '{"data":{}}'


@pytest.mark.parametrize(
    ("limits", "body", "words"),
    [
        ({"seconds": 0.05}, "for (;;);", "more than 0.05 s of processor time"),
        ({"memory": 4 << 20}, "const a = []; for (;;) a.push('x'.repeat(1000) + a.length);", "more than 4 MiB"),
        ({}, "(function f() { f(); })();", "too deeply"),
        ({"characters": 10}, "return {data: 'abcdefghijk'};", "at most 10"),
    ],
)
def test_the_sentence_names_the_limit(limits, body, words):
    """Who reads the outcome learns which limit it was."""
    assert words in fail("function decodeUplink() {" + body + "}", **limits).detail


@pytest.mark.parametrize("name", ["require", "process", "std", "os", "fetch", "setTimeout", "performance", "Atomics"])
def test_there_is_no_way_out(name):
    """None of the names through which JavaScript reaches files, network, timers or another clock exists."""
    assert (
        run("function decodeUplink() { return {data: {found: typeof " + name + "}}; }")["data"]["found"] == "undefined"
    )


def test_a_source_that_is_no_codec_by_its_size_is_refused():
    """A file larger than any codec is not even parsed."""
    assert "at most" in fail(" " * (LARGEST_SOURCE + 1)).detail


def test_every_byte_reaches_the_codec_as_it_was():
    """Bytes from 00 to FF arrive as numbers."""
    payload = bytes(range(256))
    source = "function decodeUplink(i) { return {data: {bytes: i.bytes, isArray: Array.isArray(i.bytes)}}; }"
    assert run(source, payload, port=None)["data"] == {"bytes": list(payload), "isArray": True}
