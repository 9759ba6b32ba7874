// SPDX-License-Identifier: Apache-2.0
// Codec of the Fjordvann X1, a water meter invented for tests.
//
// Port 5: status, temperature (tenths, signed), register (litres, 4 bytes), seconds since 1970 of the
// register (4 bytes), then hourly use before it (litres, 1 byte each, 255 where it is not known).

var WORDS = ['OK', 'DRY', 'LEAK'];
var faults = [];

function little(bytes, at, count) {
  var number = 0;
  for (var i = count - 1; i >= 0; i--) number = number * 256 + bytes[at + i];
  return number;
}

function decodeUplink(input) {
  var bytes = input.bytes;
  if (bytes.length < 11) return { errors: ['expected at least 11 bytes, got ' + bytes.length] };
  if (bytes[0] > 2) faults.push('state ' + bytes[0]);
  var temperature = little(bytes, 1, 2);
  var register = little(bytes, 3, 4);
  var time = little(bytes, 7, 4);
  var history = [];
  for (var i = 11; i < bytes.length && bytes[i] !== 255; i++) {
    register -= bytes[i];
    history.push({ kind: 'volume', litres: register });
  }
  console.log('decoded', bytes.length);
  return {
    data: {
      state: WORDS[bytes[0]] || 'STATE ' + bytes[0],
      battery: { low: (bytes[0] & 0x80) !== 0 },
      water: { temperature: (temperature > 32767 ? temperature - 65536 : temperature) / 10 },
      volume: little(bytes, 3, 4) / 1000,
      time: new Date(time * 1000).toISOString(),
      history: history,
      heard: input.recvTime,
      firmware: '1.' + input.fPort
    },
    warnings: faults
  };
}
