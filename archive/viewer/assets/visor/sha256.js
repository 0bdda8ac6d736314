/* Incremental SHA-256 (FIPS 180-4). The browser's own crypto.subtle takes a whole file at once, which a scan of some
   gigabytes does not survive; this one takes it piece by piece. */
window.VISOR.Sha256 = (function () {
  "use strict";
  const K = new Int32Array(64), INICIO = new Int32Array(8);

  /* The constants are the fractional parts of the cube and square roots of the first primes. */
  (function () {
    const parte = (x) => ((x - Math.floor(x)) * 4294967296) | 0;
    for (let p = 2, n = 0; n < 64; p++) {
      let primo = true;
      for (let q = 2; q * q <= p; q++) if (p % q === 0) primo = false;
      if (!primo) continue;
      if (n < 8) INICIO[n] = parte(Math.sqrt(p));
      K[n++] = parte(Math.cbrt(p));
    }
  })();

  function comprime(h, w, b, i) {
    for (let t = 0; t < 16; t++, i += 4) w[t] = (b[i] << 24) | (b[i + 1] << 16) | (b[i + 2] << 8) | b[i + 3];
    for (let t = 16; t < 64; t++) {
      const x = w[t - 15], y = w[t - 2];
      w[t] = (w[t - 16] + w[t - 7] + (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) + (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10))) | 0;
    }
    let a = h[0], c1 = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], s = h[7];
    for (let t = 0; t < 64; t++) {
      const t1 = (s + (((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))) + ((e & f) ^ (~e & g)) + K[t] + w[t]) | 0;
      const t2 = ((((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))) + ((a & c1) ^ (a & c) ^ (c1 & c))) | 0;
      s = g; g = f; f = e; e = (d + t1) | 0; d = c; c = c1; c1 = a; a = (t1 + t2) | 0;
    }
    h[0] += a; h[1] += c1; h[2] += c; h[3] += d; h[4] += e; h[5] += f; h[6] += g; h[7] += s;
  }

  return class Sha256 {
    constructor() {
      this.h = INICIO.slice();
      this.w = new Int32Array(64);
      this.resto = new Uint8Array(64);
      this.n = 0; // bytes waiting in resto
      this.total = 0;
    }

    update(b) {
      let i = 0;
      this.total += b.length;
      if (this.n) {
        i = Math.min(64 - this.n, b.length);
        this.resto.set(b.subarray(0, i), this.n);
        this.n += i;
        if (this.n < 64) return this;
        comprime(this.h, this.w, this.resto, 0);
        this.n = 0;
      }
      for (; i + 64 <= b.length; i += 64) comprime(this.h, this.w, b, i);
      this.resto.set(b.subarray(i));
      this.n = b.length - i;
      return this;
    }

    hex() {
      const cola = new Uint8Array(this.n < 56 ? 64 - this.n : 128 - this.n), bits = this.total * 8;
      cola[0] = 0x80;
      const v = new DataView(cola.buffer);
      v.setUint32(cola.length - 8, Math.floor(bits / 4294967296));
      v.setUint32(cola.length - 4, bits >>> 0);
      this.update(cola);
      return Array.from(this.h, (x) => (x >>> 0).toString(16).padStart(8, "0")).join("");
    }
  };
})();
