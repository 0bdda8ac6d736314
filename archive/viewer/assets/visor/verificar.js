/* VERIFICAR.html: the reader chooses the extracted folder, every file is hashed here, and what differs is named.

   When all parts are extracted into one folder, each takes the place of the other's manifests. So what a document's file should
   be comes from the visor/parteNN.js too, and what the files beside them should be from the visor/sumas_parteNN.txt: they are
   numbered, and all stay. Of a file that several have, the one that was extracted last is as right as any other. */
(function () {
  "use strict";
  const V = window.VISOR;
  const { $, el, icono, peso, cuantos, miles } = V;
  const ENTERO = 64e6; // bytes: up to here crypto.subtle takes the file whole
  const TROZO = 8 << 20;
  const JUNTOS = 4; // files at a time: hides the latency of many small ones
  const VISIBLES = 200; // rows of each list of problems on screen
  const RAIZ = /^(.*\/)(?:manifest-sha256\.txt|visor\/sumas\w*\.txt)$/;
  const DETALLES = /^visor\/(parte\d+|C\d+(?:_parte\d+)?)\.js$/, SUMAS = /^visor\/sumas(?:_(\w+))?\.txt$/, INDICE = /^visor\/indice(?:_C\d+)?\.js$/;
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

  const renglon = (sha, nombre) => sha + "  " + nombre + "\n";
  const suma = (blob) => huella(blob, () => {}, () => true);

  /* The sums of a part's files vouch for themselves: the last line is the sum of those above. cierre: the line that follows these
     in the part's tagmanifest. */
  async function sumas(nombre, file, debe) {
    const texto = await file.text(), fin = texto.lastIndexOf("\n", texto.length - 2) + 1;
    if (texto.slice(fin) !== renglon(await suma(file.slice(0, fin)), nombre)) throw new Error("altered");
    await manifiesto(file.slice(0, fin), debe);
    return { nombre, cuerpo: texto.slice(0, fin), cierre: renglon(await suma(file), nombre) };
  }

  /* tagmanifest: the lines of one part's sums (whichever was extracted last) and theirs. Where that part's sums are lost, it tells
     which they were, and stands in for them. */
  async function bolsa(file, debe, sanas) {
    const texto = await file.text(), suyas = /  (visor\/sumas\w*\.txt)\n$/.exec(texto);
    if (sanas.some((s) => texto === s.cuerpo + s.cierre)) return;
    if (!suyas || sanas.some((s) => s.nombre === suyas[1] || texto.startsWith(s.cuerpo))) throw new Error("altered");
    await manifiesto(file, debe);
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
    throw new Error("empty");
  }

  /* Each folder with lists is one archive: parts extracted each into its own folder are checked one by one. */
  function raices(porRuta) {
    const todas = [...porRuta.keys()].map((r) => RAIZ.exec(r)).filter(Boolean).map((m) => m[1]);
    return [...new Set(todas)].filter((r) => !r.includes("/data/")).sort();
  }

  /* partes: name on screen -> is it in any of the chosen folders. */
  function cuentaPartes(meta, claves, partes) {
    for (let n = 1; n <= meta.partes; n++) {
      const numero = String(n).padStart(Math.max(2, String(meta.partes).length), "0"), c = meta.complemento;
      const clave = !c ? "parte" + numero : meta.partes === 1 ? c : c + "_parte" + numero;
      const nombre = c ? "complemento " + c + (meta.partes === 1 ? "" : ", parte " + numero) : "parte " + numero;
      partes.set(nombre, partes.get(nombre) || claves.has(clave));
    }
  }

  /* What should be in a folder: name -> the sums that it may have. */
  async function espera(raiz, porRuta, hallado) {
    const debe = new Map(), sanas = [], claves = new Set(), metas = [];
    const lee = async (nombre, como) => {
      const file = porRuta.get(raiz + nombre);
      if (!file) { hallado.faltan.add(raiz + nombre); return; }
      try { await como(file); } catch (e) { hallado.danados.add(raiz + nombre); }
    };
    for (const r of [...porRuta.keys()].filter((x) => x.startsWith(raiz + "visor/")).sort()) {
      const nombre = r.slice(raiz.length), parte = DETALLES.exec(nombre), suyas = SUMAS.exec(nombre);
      if (parte || suyas) claves.add((parte || suyas)[1]);
      if (parte) await lee(nombre, (file) => detalles(file, debe));
      else if (suyas) await lee(nombre, async (file) => sanas.push(await sumas(nombre, file, debe)));
      else if (INDICE.test(nombre)) await lee(nombre, async (file) => metas.push(await planeadas(file)));
    }
    for (const meta of metas) cuentaPartes(meta, claves, hallado.partes);
    for (const clave of claves) if (clave && !porRuta.has(raiz + "visor/sumas_" + clave + ".txt")) hallado.faltan.add(raiz + "visor/sumas_" + clave + ".txt");
    await lee("manifest-sha256.txt", (file) => manifiesto(file, debe));
    await lee("tagmanifest-sha256.txt", (file) => bolsa(file, debe, sanas));
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
          if (t.sha.has(h)) hallado.bien++;
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
    const hallado = { bien: 0, bytes: 0, distintos: [], faltan: new Set(), ilegibles: [], danados: new Set(), sobran: [], partes: new Map() };
    const tareas = [], bases = raices(porRuta), vistos = new Set();
    if (!bases.length) return null;
    for (const raiz of bases) {
      for (const [nombre, sha] of await espera(raiz, porRuta, hallado)) {
        const file = porRuta.get(raiz + nombre);
        vistos.add(raiz + nombre);
        if (file) tareas.push({ file, sha, ruta: raiz + nombre });
        else hallado.faltan.add(raiz + nombre);
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
    const danados = [...h.danados].filter((r) => !h.distintos.includes(r)); // a list that differs is told once
    const malos = h.distintos.length + h.faltan.size + h.ilegibles.length + danados.length;
    const ausentes = [...h.partes].filter(([, hay]) => !hay).map(([nombre]) => nombre);
    const verificados = cuantos(h.bien, "archivo verificado", "archivos verificados") + " sin diferencias (" + peso(h.bytes) + ").";
    const falta = ausentes.length ? " No se verificó lo que no está en esta carpeta: " + ausentes.join(", ") + "." : "";
    // What a lost list names is unknown here: it may be the archive's all the same.
    const ajenos = malos || ausentes.length ? "ninguna de las listas que se pudieron leer los menciona." : "no pertenecen al respaldo. No afectan a los demás.";
    let titulo;
    if (malos) titulo = veredicto("bad", "bad", cuantos(malos, "archivo tiene problemas", "archivos tienen problemas"), "El resto está bien: " + verificados + falta + " Vuelva a extraer la parte que contiene los archivos indicados o descárguela otra vez.");
    else if (ausentes.length) titulo = veredicto("warn", "warn", "Lo que está en la carpeta está íntegro, pero faltan partes", verificados + falta);
    else titulo = veredicto("ok", "ok", "El respaldo está íntegro", verificados + " Cada archivo es idéntico al que se entregó.");
    $("resultado").append(...[
      problema("Archivos que difieren", "Su contenido no es el que se entregó.", h.distintos, "bad"),
      problema("Archivos que faltan", "Constan en el respaldo y no están en la carpeta.", [...h.faltan], "bad"),
      problema("Archivos que no se pudieron leer", "El navegador no pudo abrirlos.", h.ilegibles, "bad"),
      problema("Registros dañados", "Son listas con las que se comprueban los demás archivos: están incompletas o no son las que se entregaron.", danados, "bad"),
      problema("Archivos que no constan", "Están en la carpeta data y " + ajenos, h.sobran, "warn"),
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
    else veredicto("warn", "warn", "Esa carpeta no contiene un respaldo", "Elija la carpeta donde extrajo el respaldo: la que contiene ABRIR_AQUI.html.").focus();
  }

  if (!V.Sha256) return;
  V.empieza();
  $("todo").hidden = false;
  $("no-carpeta").hidden = "webkitdirectory" in document.createElement("input");
  $("carpeta").addEventListener("change", elige);
  $("detener").addEventListener("click", () => { turno++; $("avance").hidden = true; $("carpeta").value = ""; $("carpeta").focus(); });
})();
