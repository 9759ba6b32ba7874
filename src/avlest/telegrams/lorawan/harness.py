# SPDX-License-Identifier: Apache-2.0
"""The JavaScript around a maker's codec: what it finds, what it may change, what it gives back.

A codec is instantiated anew for every uplink, as network servers do, so that nothing one
device said can show in the reading of another.  To do so without a new engine each time, the
built-in objects are frozen once the codec has had its chance to add what it misses.
"""

from __future__ import annotations

from typing import Final

HARNESS: Final = r"""
(function (source, limit) {
  'use strict';
  const G = globalThis;
  const ownKeys = Reflect.ownKeys, stringify = JSON.stringify, parse = JSON.parse;
  const define = Object.defineProperty, describe = Object.getOwnPropertyDescriptor;
  const SystemDate = Date;
  let now = 0;

  // The clock stands at the moment of reception: decoding again later gives the same values.
  function FixedDate(...parts) {
    if (!new.target) return new SystemDate(now).toString();
    return Reflect.construct(SystemDate, parts.length ? parts : [now], new.target);
  }
  FixedDate.prototype = SystemDate.prototype;
  FixedDate.prototype.constructor = FixedDate;
  FixedDate.now = () => now;
  FixedDate.UTC = SystemDate.UTC;
  FixedDate.parse = SystemDate.parse;
  define(FixedDate, 'name', { value: 'Date' });
  G.Date = FixedDate;
  delete G.performance;
  delete G.Atomics;
  delete G.SharedArrayBuffer;

  G.console = {};
  for (const name of ['assert', 'debug', 'dir', 'error', 'group', 'groupEnd', 'info', 'log', 'table', 'time', 'timeEnd',
    'trace', 'warn']) G.console[name] = () => undefined;

  const names = ['decodeUplink', 'Decode', 'Decoder'];
  const wanted = names.map((name) => `typeof ${name} === 'function' ? ${name} : undefined`).join(', ');
  const instantiate = new Function(
    'module', 'exports', `return (function () {${source}\n;return [${wanted}];}).call(globalThis);`);

  function pick() {
    const module = { exports: {} };
    const found = instantiate(module, module.exports);
    const exported = module.exports || {};
    return names.map((name, index) => found[index] || exported[name]);
  }

  // A frozen prototype must not keep an object from having a property of the same name.
  function allowOverride(owner, key) {
    const found = describe(owner, key);
    if (!found || !found.configurable || !('value' in found)) return;
    define(owner, key, {
      get() { return found.value; },
      set(value) {
        if (this !== owner) define(this, key, { value, writable: true, enumerable: true, configurable: true });
      },
      enumerable: found.enumerable, configurable: false,
    });
  }

  function harden() {
    const errors = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];
    for (const owner of [Object.prototype, Function.prototype, ...errors.map((kind) => kind.prototype)])
      for (const key of ownKeys(owner)) allowOverride(owner, key);
    const hidden = [
      function* () {}, async function () {}, async function* () {}, [][Symbol.iterator](), ''[Symbol.iterator](),
      new Map()[Symbol.iterator](), new Set()[Symbol.iterator](), 'a'.matchAll(/a/g), (function* () {})(),
    ].map(Object.getPrototypeOf);
    const seen = new Set([G]);
    const queue = [...hidden];
    for (const key of ownKeys(G)) {
      const found = describe(G, key);
      if ('value' in found) queue.push(found.value);
      if (found.configurable) define(G, key, { configurable: false, ...('value' in found ? { writable: false } : {}) });
    }
    while (queue.length) {
      const item = queue.pop();
      if (item === null || (typeof item !== 'object' && typeof item !== 'function') || seen.has(item)) continue;
      seen.add(item);
      Object.freeze(item);
      queue.push(Object.getPrototypeOf(item));
      for (const key of ownKeys(item)) {
        const found = describe(item, key);
        queue.push(found.value, found.get, found.set);
      }
    }
  }

  // Names the codec left behind in the global object; false where one cannot be removed.
  const own = new Set(ownKeys(G));
  function clean() {
    const keys = ownKeys(G);
    if (keys.length === own.size) return true;
    for (const key of keys) if (!own.has(key) && !Reflect.deleteProperty(G, key)) return false;
    return true;
  }

  function prepare() {
    if (!pick().some(Boolean)) throw new TypeError('there is no function decodeUplink, Decode or Decoder');
    if (!clean()) return false;
    harden();
    try { pick(); } catch { return false; }
    return clean();
  }

  function call(octets, port, variables) {
    const bytes = [];
    for (let at = 0; at < octets.length; at++) bytes.push(octets.charCodeAt(at));
    const [decodeUplink, decode, decoder] = pick();
    if (decodeUplink) return decodeUplink({ bytes, fPort: port, recvTime: new FixedDate(now), variables });
    return { data: decode ? decode(port, bytes, variables) : decoder(bytes, port) };
  }

  function run(octets, port, moment, variables) {
    if (!clean()) return null;
    now = moment;
    const result = call(octets, port, parse(variables));
    if (result === null || typeof result !== 'object') throw new TypeError('the codec gave no object');
    if (typeof result.then === 'function') throw new TypeError('the codec gave a promise, expected an object');
    const text = stringify(result);
    if (typeof text !== 'string') throw new TypeError('the codec gave nothing that is JSON');
    if (text.length > limit) throw new RangeError(`its answer has ${text.length} characters, at most ${limit}`);
    return text;
  }

  return (...request) => (request.length ? run(...request) : prepare());
})
"""
"""Evaluates to a function (source, most characters) that gives one function.

Called with nothing, that loads the codec and freezes the built-ins; it answers false where the
codec cannot live with that (then every uplink gets an engine of its own).  Called with (octets
as Latin-1 text, port, milliseconds, variables as JSON) it answers the result as JSON text, or
null where the engine must be made anew.
"""
