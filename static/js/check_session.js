// OpenID Connect Session Management 1.0, section 3.2: an app's page asks whether the browser's state here is still what
// it was told. Plain old JavaScript, without crypto.subtle, so that every browser runs it.
(function () {
  "use strict";

  // SHA-256 (FIPS 180-4) of ASCII text, in hexadecimal digits.
  function sha256(text) {
    var k = [], h = [], i, j, n = 2;
    function fraction(x) { return ((x - Math.floor(x)) * 4294967296) | 0; }
    function prime(x) {
      for (var d = 2; d * d <= x; d++) { if (x % d === 0) { return false; } }
      return true;
    }
    for (; k.length < 64; n++) {
      if (prime(n)) {
        if (h.length < 8) { h.push(fraction(Math.pow(n, 1 / 2))); }
        k.push(fraction(Math.pow(n, 1 / 3)));
      }
    }
    var words = [], bits = text.length * 8, blocks = ((text.length + 8) >> 6) + 1;
    for (i = 0; i < blocks * 16; i++) { words[i] = 0; }
    for (i = 0; i < text.length; i++) { words[i >> 2] |= (text.charCodeAt(i) & 255) << (24 - (i % 4) * 8); }
    words[text.length >> 2] |= 128 << (24 - (text.length % 4) * 8);
    words[blocks * 16 - 1] = bits;
    function turn(x, by) { return (x >>> by) | (x << (32 - by)); }
    for (i = 0; i < words.length; i += 16) {
      var w = words.slice(i, i + 16), s = h.slice(0);
      for (j = 16; j < 64; j++) {
        var a = w[j - 15], b = w[j - 2];
        w[j] = (w[j - 16] + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + w[j - 7] + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10))) | 0;
      }
      for (j = 0; j < 64; j++) {
        var e = s[4], c = s[0];
        var first = (s[7] + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & s[5]) ^ (~e & s[6])) + k[j] + w[j]) | 0;
        var second = ((turn(c, 2) ^ turn(c, 13) ^ turn(c, 22)) + ((c & s[1]) ^ (c & s[2]) ^ (s[1] & s[2]))) | 0;
        s = [(first + second) | 0, s[0], s[1], s[2], (s[3] + first) | 0, s[4], s[5], s[6]];
      }
      for (j = 0; j < 8; j++) { h[j] = (h[j] + s[j]) | 0; }
    }
    var hex = "";
    for (i = 0; i < 8; i++) { hex += ("0000000" + (h[i] >>> 0).toString(16)).slice(-8); }
    return hex;
  }

  // The cookie that changes when somebody signs in or out here; empty when nobody is signed in.
  function state() {
    var pairs = document.cookie.split(";");
    for (var i = 0; i < pairs.length; i++) {
      var pair = pairs[i].replace(/^\s+/, "").split("=");
      if (pair[0] === "__Host-countersign_ops" || pair[0] === "countersign_ops") { return pair[1] || ""; }
    }
    return "";
  }

  // client_id, a space, and the session_state of the app's authentication response.
  function answer(message, origin) {
    var parts = String(message).split(" ");
    if (parts.length !== 2 || !parts[0]) { return "error"; }
    var told = parts[1].split(".");
    if (told.length !== 2 || !told[0] || !told[1]) { return "error"; }
    var now = state();
    if (!now) { return "changed"; }
    return sha256(parts[0] + " " + origin + " " + now + " " + told[1]) === told[0] ? "unchanged" : "changed";
  }

  function listen(event) {
    if (event.source && event.origin && event.origin !== "null") {
      event.source.postMessage(answer(event.data, event.origin), event.origin);
    }
  }

  if (window.addEventListener) { window.addEventListener("message", listen, false); } else { window.attachEvent("onmessage", listen); }
})();
