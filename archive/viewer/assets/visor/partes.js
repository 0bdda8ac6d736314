/* The details of each part, one script a part. A part that was not extracted here simply fails to load: its documents
   say where they are. Details stay JSON text until their document is opened. */
(function () {
  "use strict";
  const V = window.VISOR;
  const textos = new Map(); // id -> [JSON of the detail, one for each part that knows the document]
  const novedad = new Set();
  const cargas = new Map(); // key -> promise of true (here) or false
  const estado = new Map(); // key -> "leyendo" | "presente" | "falta"
  const avisos = [];
  const posibles = Array.from({ length: 99 }, (_, n) => "C" + (n + 1)); // complements that are asked for
  let meta = null;

  window.RESPALDO_PARTE = function (clave, filas) {
    const complemento = clave[0] === "C";
    for (const [id, destino, texto] of filas) {
      if (!textos.has(id)) textos.set(id, []);
      textos.get(id).push(texto);
      if (destino) novedad.add(id);
      else if (complemento) novedad.delete(id);
    }
  };

  /* Number and key of a part: "01" and "parte01"; in the index of a complement "C1", or "C1_parte01" of several. */
  const numero = (n) => String(n).padStart(Math.max(2, String(meta.partes).length), "0");
  function clave(n) {
    if (!meta.complemento) return "parte" + numero(n);
    return meta.complemento + (meta.partes === 1 ? "" : "_parte" + numero(n));
  }

  /* callado: that it is absent is no news. */
  function carga(k, callado) {
    if (!cargas.has(k)) {
      estado.set(k, "leyendo");
      cargas.set(k, new Promise((listo) => {
        const s = document.createElement("script");
        const fin = (hay) => { estado.set(k, hay ? "presente" : "falta"); s.remove(); listo(hay); if (hay || !callado) avisos.forEach((f) => f(k)); };
        s.addEventListener("load", () => fin(true));
        s.addEventListener("error", () => fin(false));
        s.src = "visor/" + k + ".js";
        document.head.append(s);
      }));
    }
    return cargas.get(k);
  }

  /* Complements come later than the index, so how many there are is unknown here, and which of them were extracted: each is asked
     for, in order, since a later one knows better what is still missing. */
  async function complementos() {
    for (const c of posibles) {
      if (await carga(c, true)) continue;
      for (let p = 1; await carga(c + "_parte" + V.dos(p), true); p++);
    }
  }

  /* respiro: awaited before each part, so that reading them never gets in the way of a search. */
  async function cargaTodo(respiro) {
    for (let n = 1; n <= meta.partes; n++) {
      await respiro();
      await carga(clave(n));
    }
    if (!meta.complemento) await complementos();
  }

  /* One document's detail from all parts that know it (a document larger than a part runs on in the next; a complement
     brings what was missing). Of the same file, the row that holds it wins, then the one that says why not. */
  function detalle(id) {
    const partes = (textos.get(id) || []).map((t) => JSON.parse(t));
    if (!partes.length) return null;
    const todo = partes[0];
    for (const otro of partes.slice(1)) for (const a of otro.archivos) une(todo.archivos, a);
    return todo;
  }

  const saber = (a) => (a.ruta ? 2 : a.causa ? 1 : 0);

  function une(archivos, a) {
    const igual = archivos.findIndex((b) => b.clase === a.clase && b.nombre === a.nombre && (b.ruta === a.ruta || !b.ruta || !a.ruta));
    if (igual < 0) archivos.push(a);
    else if (saber(a) > saber(archivos[igual])) archivos[igual] = a;
  }

  V.partes = {
    posibles, inicia: (m) => { meta = m; }, carga, cargaTodo, clave, numero, detalle,
    estado: (k) => estado.get(k) || "leyendo",
    complementos: () => (meta.complemento ? [] : [...estado].filter(([k, e]) => k[0] === "C" && e === "presente").map(([k]) => k)),
    conNovedad: (id) => novedad.has(id),
    conocido: (id) => textos.has(id),
    alCambiar: (f) => avisos.push(f),
    archivoZip: (n) => meta.nombre + (meta.partes > 1 ? "_parte" + numero(n) + "de" + numero(meta.partes) : "") + ".zip",
  };
})();
