/* VERIFICAR.html: the reader chooses the extracted folder, every file is hashed here, and what differs is named.

   What a file should be comes from the manifests and from the visor/parteNN.js in the folder: when all parts are
   extracted into one folder, the manifest of the last one wins, while the part scripts are numbered and all stay. */
(function () {
  "use strict";
  const V = window.VISOR;
  const { $, el, icono, peso, cuantos, miles } = V;
  const ENTERO = 64e6; // bytes: up to here crypto.subtle takes the file whole
  const TROZO = 8 << 20;
  const JUNTOS = 4; // files at a time: hides the latency of many small ones
  const VISIBLES = 200; // rows of each list of problems on screen
  let turno = 0; // a new choice or "Detener" makes older runs stop

  /* -- what should be there -------------------------------------------------------------------------------------- */
  async function* lineas(file) {
    const lector = new TextDecoder();
    let resto = "";
    for (let i = 0; i < file.size; i += TROZO) {
      const partes = (resto + lector.decode(await file.slice(i, i + TROZO).arrayBuffer(), { stream: true })).split("\n");
      resto = partes.pop();
      yield* partes;
    }
    if (resto) yield resto;
  }

  const ruta = (file) => (file.webkitRelativePath || file.name).normalize("NFC");
  const anota = (debe, nombre, sha) => { const n = nombre.normalize("NFC"); if (!debe.has(n)) debe.set(n, new Set()); debe.get(n).add(sha.toLowerCase()); };

  async function manifiesto(file, debe) {
    for await (const linea of lineas(file)) {
      const m = /^([0-9a-fA-F]{64})\s+\*?(.+?)\r?$/.exec(linea);
      if (m) anota(debe, m[2].replace(/%(0[Aa]|0[Dd]|25)/g, (x) => decodeURIComponent(x)), m[1]); // escapes of RFC 8493, 2.1.3
      else if (linea.trim()) throw new Error("manifest");
    }
  }

  async function detalles(file, debe) {
    let fin = false;
    for await (const linea of lineas(file)) {
      if (linea.startsWith("window.RESPALDO_PARTE(")) continue;
      if (linea.startsWith("]);")) { fin = true; break; }
      const detalle = JSON.parse(JSON.parse(linea.replace(/,\s*$/, ""))[2]);
      for (const a of detalle.archivos) if (a.ruta && a.sha256) anota(debe, a.ruta, a.sha256);
    }
    if (!fin) throw new Error("torn");
  }

  async function planeadas(file) {
    for await (const linea of lineas(file)) return JSON.parse(linea.slice("window.RESPALDO=".length) + "]}").meta;
    return null;
  }

  /* Each folder with a manifest is one archive: parts extracted each into its own folder are checked one by one. */
  function raices(porRuta) {
    const todas = [...porRuta.keys()].filter((r) => r.endsWith("/manifest-sha256.txt")).map((r) => r.slice(0, -"manifest-sha256.txt".length));
    return todas.filter((r) => !r.includes("/data/")).sort();
  }

  /* partes: name on screen -> is it in any of the chosen folders. */
  function cuentaPartes(meta, claves, partes) {
    for (let n = 1; n <= meta.partes; n++) {
      const numero = String(n).padStart(Math.max(2, String(meta.partes).length), "0"), c = meta.complemento;
      const clave = !c ? "parte" + numero : meta.partes === 1 ? c : c + "_parte" + numero;
      const nombre = c ? "complemento " + c + (meta.partes === 1 ? "" : ", parte " + numero) : "parte " + numero;
      partes.set(nombre, partes.get(nombre) || claves.includes(clave));
    }
  }

  async function espera(raiz, porRuta, hallado) {
    const debe = new Map(), claves = [];
    const lee = async (nombre, como) => {
      const file = porRuta.get(raiz + nombre);
      if (!file) return;
      try { await como(file, debe); } catch (e) { hallado.danados.push(raiz + nombre); }
    };
    await lee("manifest-sha256.txt", manifiesto);
    await lee("tagmanifest-sha256.txt", manifiesto);
    for (const r of [...porRuta.keys()].sort()) {
      const m = r.startsWith(raiz + "visor/") && /^(parte\d+|C\d+(?:_parte\d+)?)\.js$/.exec(r.slice((raiz + "visor/").length));
      if (!m) continue;
      claves.push(m[1]);
      await lee("visor/" + m[0], detalles);
    }
    for (const r of porRuta.keys()) {
      if (!r.startsWith(raiz + "visor/") || !/\/indice(_C\d+)?\.js$/.test(r)) continue;
      const meta = await planeadas(porRuta.get(r)).catch(() => null);
      if (meta) cuentaPartes(meta, claves, hallado.partes);
      else hallado.danados.push(r);
    }
    return debe;
  }

  /* -- what is there --------------------------------------------------------------------------------------------- */
  const hexa = (buffer) => Array.from(new Uint8Array(buffer), (b) => b.toString(16).padStart(2, "0")).join("");

  async function huella(file, avance, vigente) {
    if (file.size <= ENTERO && window.crypto && crypto.subtle) {
      const h = hexa(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
      avance(file.size);
      return h;
    }
    const sha = new V.Sha256();
    for (let i = 0; i < file.size && vigente(); i += TROZO) {
      const trozo = new Uint8Array(await file.slice(i, i + TROZO).arrayBuffer());
      sha.update(trozo);
      avance(trozo.length);
    }
    return sha.hex();
  }

  async function comprueba(tareas, hallado, avance, vigente) {
    let siguiente = 0;
    async function obrero() {
      while (siguiente < tareas.length && vigente()) {
        const t = tareas[siguiente++];
        try {
          const h = await huella(t.file, avance, vigente);
          if (!vigente()) return;
          if ([...t.sha].every((s) => s === h)) hallado.bien++;
          else hallado.distintos.push(t.ruta);
        } catch (e) {
          hallado.ilegibles.push(t.ruta);
        }
      }
    }
    await Promise.all(Array.from({ length: JUNTOS }, obrero));
  }

  async function verifica(files, vigente) {
    const porRuta = new Map([...files].map((f) => [ruta(f), f]));
    const hallado = { bien: 0, bytes: 0, distintos: [], faltan: [], ilegibles: [], danados: [], sobran: [], partes: new Map() };
    const tareas = [], bases = raices(porRuta), vistos = new Set();
    if (!bases.length) return null;
    for (const raiz of bases) {
      for (const [nombre, sha] of await espera(raiz, porRuta, hallado)) {
        const file = porRuta.get(raiz + nombre);
        vistos.add(raiz + nombre);
        if (file) tareas.push({ file, sha, ruta: raiz + nombre });
        else hallado.faltan.push(raiz + nombre);
      }
    }
    const propio = (r) => bases.some((b) => r.startsWith(b + "data/")) && !/\/(\.DS_Store|Thumbs\.db|desktop\.ini|\._[^/]*|SIN_DOCUMENTOS\.txt)$/.test(r);
    hallado.sobran = [...porRuta.keys()].filter((r) => propio(r) && !vistos.has(r));
    hallado.bytes = tareas.reduce((s, t) => s + t.file.size, 0);
    await comprueba(tareas, hallado, medidor(hallado.bytes, tareas.length), vigente);
    return hallado;
  }

  /* -- screen ---------------------------------------------------------------------------------------------------- */
  function medidor(total, archivos) {
    const barra = $("barra"), inicio = performance.now();
    let hecho = 0, visto = -1000;
    barra.max = Math.max(1, total);
    return (bytes) => {
      const ahora = performance.now();
      hecho += bytes;
      if (ahora - visto < 150 && hecho < total) return;
      visto = ahora;
      barra.value = hecho;
      const ritmo = hecho / Math.max(1, ahora - inicio) * 1000;
      $("cuanto").textContent = peso(hecho) + " de " + peso(total) + " · " + cuantos(archivos, "archivo", "archivos") + " · " + peso(Math.round(ritmo)) + "/s";
    };
  }

  function problema(titulo, explica, rutas, color) {
    if (!rutas.length) return null;
    const resto = rutas.length - VISIBLES;
    return el("section", "card k-" + color + " problema", el("h2", "", titulo + " (" + miles(rutas.length) + ")"), el("p", "muted", explica),
      el("ul", "", ...rutas.sort().slice(0, VISIBLES).map((r) => el("li", "mono", r))), resto > 0 ? el("p", "", "… y " + miles(resto) + " más.") : null);
  }

  function veredicto(color, nombre, titulo, texto) {
    const h = el("h2", "", titulo);
    h.tabIndex = -1;
    $("resultado").replaceChildren(el("div", "veredicto k-" + color, icono(nombre), el("div", "", h, el("p", "", texto))));
    return h;
  }

  function informa(h) {
    const malos = h.distintos.length + h.faltan.length + h.ilegibles.length + h.danados.length;
    const ausentes = [...h.partes].filter(([, hay]) => !hay).map(([nombre]) => nombre);
    const verificados = cuantos(h.bien, "archivo verificado", "archivos verificados") + " sin diferencias (" + peso(h.bytes) + ").";
    const falta = ausentes.length ? " No se verificó lo que no está en esta carpeta: " + ausentes.join(", ") + "." : "";
    let titulo;
    if (malos) titulo = veredicto("bad", "bad", cuantos(malos, "archivo tiene problemas", "archivos tienen problemas"), "El resto está bien: " + verificados + falta + " Vuelva a extraer la parte que contiene los archivos indicados o descárguela otra vez.");
    else if (ausentes.length) titulo = veredicto("warn", "warn", "Lo que está en la carpeta está íntegro, pero faltan partes", verificados + falta);
    else titulo = veredicto("ok", "ok", "El respaldo está íntegro", verificados + " Cada archivo es idéntico al que se entregó.");
    $("resultado").append(...[
      problema("Archivos que difieren", "Su contenido no es el que se entregó.", h.distintos, "bad"),
      problema("Archivos que faltan", "Constan en el respaldo y no están en la carpeta.", h.faltan, "bad"),
      problema("Archivos que no se pudieron leer", "El navegador no pudo abrirlos.", h.ilegibles, "bad"),
      problema("Registros dañados", "No se pudo leer la lista de archivos.", h.danados, "bad"),
      problema("Archivos que no constan", "Están en la carpeta data y no pertenecen al respaldo. No afectan a los demás.", h.sobran, "warn"),
    ].filter(Boolean));
    titulo.focus();
  }

  async function elige() {
    const files = $("carpeta").files, mio = ++turno, vigente = () => turno === mio;
    if (!files.length) return;
    $("resultado").replaceChildren();
    $("cuanto").textContent = "Leyendo la lista de archivos…";
    $("barra").removeAttribute("value");
    $("avance").hidden = false;
    const hallado = await verifica(files, vigente);
    if (!vigente()) return;
    $("avance").hidden = true;
    $("carpeta").value = "";
    if (hallado) informa(hallado);
    else veredicto("warn", "warn", "Esa carpeta no contiene un respaldo", "Elija la carpeta donde extrajo el respaldo: la que contiene ABRIR_AQUI.html y manifest-sha256.txt.").focus();
  }

  if (!V.Sha256) return;
  V.empieza();
  $("todo").hidden = false;
  $("no-carpeta").hidden = "webkitdirectory" in document.createElement("input");
  $("carpeta").addEventListener("change", elige);
  $("detener").addEventListener("click", () => { turno++; $("avance").hidden = true; $("carpeta").value = ""; $("carpeta").focus(); });
})();
