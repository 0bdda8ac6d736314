/* List, search, filters and navigation. Loads visor/indice.js itself, so that a page opened inside an unextracted ZIP
   can say what to do instead of staying empty. */
(function () {
  "use strict";
  const V = window.VISOR;
  const { $, el, icono, boton, llano, miles, cuantos, fecha } = V;
  const ALTO = 76; // px of a row, as in visor.css
  const MAXIMO = 12e6; // px: Firefox stops at 17.8 million; above this the scroll bar is scaled
  const MARGEN = 6; // rows drawn outside the window on each side
  const TANDA = 2500; // documents indexed between two breaths
  const MARCA = "\u0001"; // between the texts of two documents
  const PAUSA = 20, SILENCIO = 400; // ms before a part is read; ms without a key that count as silence
  let docs = [], vista = [], textos = [], palabras = [], elegido = -1, abierto = null, titular = "";
  const lista = $("lista"), alto = $("alto");

  /* -- index: columns as archive/viewer/__init__.py writes them ------------------------------------------------- */
  class Documento {
    constructor(fila, tipos) {
      const [id, numero, cuando, tipo, bandejas, asunto, de, para, cc, anexos, parte, firmado] = fila;
      Object.assign(this, { id, numero, fecha: cuando, asunto, anexos, parte, tipo: tipos[tipo], anio: cuando.slice(0, 4) });
      this.enviado = (bandejas & 1) > 0;
      this.recibido = (bandejas & 2) > 0;
      this.firmado = firmado === 1;
      this.gente = [de, para, cc]; // numbers of names
    }
    nombres(i) { return this.gente[i].map((n) => window.RESPALDO.personas[n]); }
    get de() { return this.nombres(0); }
    get para() { return this.nombres(1); }
    get cc() { return this.nombres(2); }
  }

  function masRecientes(a, b) { return a.fecha < b.fecha ? 1 : a.fecha > b.fecha ? -1 : 0; }

  /* Search text of a document: number, subject, attachments. Names are not in it: they repeat thousands of times, so a
     query asks each name once and then only compares numbers. */
  function indexa(hasta) {
    while (textos.length < Math.min(hasta, docs.length)) {
      const tanda = docs.slice(textos.length, textos.length + TANDA);
      // Joined, because taking the accents off one long text costs half of taking them off 2 500 short ones. The mark
      // between them is no letter, so no word is found across it; a text that holds it loses it.
      const junto = tanda.map((x) => (x.numero + "\n" + x.asunto + "\n" + x.anexos.join("\n")).replaceAll(MARCA, " ")).join(MARCA);
      textos.push(...llano(junto).split(MARCA));
    }
  }
  let nombres = null;
  function coincide(palabra) {
    nombres = nombres || window.RESPALDO.personas.map(llano);
    const si = nombres.map((n) => n.includes(palabra));
    return (x, i) => textos[i].includes(palabra) || x.gente.some((l) => l.some((n) => si[n]));
  }
  const respira = (ms) => new Promise((sigue) => setTimeout(sigue, ms));
  async function indexaDespacio() {
    while (textos.length < docs.length) {
      indexa(textos.length + TANDA);
      await respira(0);
    }
  }
  let ultimaTecla = -SILENCIO;
  async function silencio() { // while the reader types nothing else is read
    do await respira(PAUSA); while (performance.now() - ultimaTecla < SILENCIO);
  }

  /* -- filters ------------------------------------------------------------------------------------------------- */
  function criterio() {
    const bandeja = document.querySelector("[name=bandeja]:checked").value;
    const tipo = $("tipo").value, anio = $("anio").value;
    const firmado = $("firmado").checked, anexos = $("anexos").checked, novedad = $("novedad").checked;
    return (x) => !(bandeja && !x[bandeja] || tipo && x.tipo !== tipo || anio && x.anio !== anio ||
      firmado && !x.firmado || anexos && !x.anexos.length || novedad && !V.partes.conNovedad(x.id));
  }

  function filtra() {
    palabras = llano($("q").value).split(/\s+/).filter(Boolean);
    if (palabras.length) indexa(docs.length);
    const pasa = criterio(), pruebas = palabras.map(coincide);
    vista = docs.filter((x, i) => pasa(x) && pruebas.every((p) => p(x, i)));
    if ($("orden").value === "asc") vista.reverse();
    $("n").textContent = cuantos(vista.length, "documento", "documentos");
    lista.hidden = !vista.length;
    $("vacio").hidden = vista.length > 0;
    alto.style.height = Math.min(vista.length * ALTO, MAXIMO) + "px";
    lista.scrollTop = 0;
    elegido = abierto ? vista.indexOf(abierto) : -1;
    if (elegido >= 0) acerca(elegido);
    pinta();
  }

  function limpia() {
    $("filtros").reset();
    $("q").value = "";
    filtra();
    $("q").focus();
  }

  /* -- virtual list: only the rows on screen exist -------------------------------------------------------------- */
  function desplazamiento() { // px between the true position and the one a scaled scroll bar shows
    const total = vista.length * ALTO, visto = lista.clientHeight;
    return total <= MAXIMO ? 0 : (lista.scrollTop / (MAXIMO - visto)) * (total - MAXIMO);
  }

  function acerca(i) {
    const total = vista.length * ALTO, visto = lista.clientHeight, y = i * ALTO;
    const arriba = lista.scrollTop + desplazamiento();
    const meta = y < arriba ? y : y + ALTO > arriba + visto ? y + ALTO - visto : arriba;
    lista.scrollTop = total <= MAXIMO ? meta : (meta / (total - visto)) * (MAXIMO - visto);
  }

  /* Text with the searched words marked, built of text nodes. */
  function marca(destino, texto) {
    const plano = llano(texto), cortes = [];
    if (plano.length === texto.length) for (const p of palabras) { const k = plano.indexOf(p); if (k >= 0) cortes.push([k, k + p.length]); }
    let i = 0;
    for (const [a, b] of cortes.sort((m, n) => m[0] - n[0])) {
      if (a < i) continue;
      destino.append(texto.slice(i, a), el("mark", "", texto.slice(a, b)));
      i = b;
    }
    destino.append(texto.slice(i));
    return destino;
  }

  /* Who it is from or to; when a searched word is nowhere in the row, the name or attachment where it was found. */
  function segundaLinea(x, saliente) {
    const gente = saliente ? x.para : x.de;
    const normal = gente.length ? (saliente ? "Para: " : "De: ") + gente.join(", ") : "";
    const aLaVista = palabras.length ? llano(x.numero + "\n" + x.asunto + "\n" + normal) : "";
    const falta = palabras.find((p) => !aLaVista.includes(p));
    if (!falta) return normal;
    for (const [rotulo, textos] of [["De", x.de], ["Para", x.para], ["Con copia", x.cc], ["Anexo", x.anexos]]) {
      const hallado = textos.find((t) => llano(t).includes(falta));
      if (hallado) return rotulo + ": " + hallado;
    }
    return normal;
  }

  function fila(x, i, top) {
    const saliente = x.enviado && document.querySelector("[name=bandeja]:checked").value !== "recibido";
    const o = el("div", "fila", icono(saliente ? "send" : "inbox"), marca(el("b"), x.asunto || "Sin asunto"), el("span", "a", fecha(x.fecha)),
      marca(el("span", "w"), segundaLinea(x, saliente)), marca(el("span", "muted"), x.numero));
    const pie = el("span", "a marcas");
    if (V.partes.conNovedad(x.id)) pie.append(el("span", "nov", icono("warn"), el("span", "vh", "Con novedad")));
    if (x.firmado) pie.append(icono("shield"), el("span", "vh", "Firmado"));
    if (x.anexos.length) pie.append(icono("clip"), String(x.anexos.length), el("span", "vh", x.anexos.length === 1 ? " anexo" : " anexos"));
    o.append(pie);
    o.id = "d" + x.id;
    o.dataset.i = i;
    o.style.top = top + "px";
    for (const [k, v] of [["role", "option"], ["aria-posinset", i + 1], ["aria-setsize", vista.length], ["aria-selected", i === elegido]]) o.setAttribute(k, v);
    return o;
  }

  function pinta() {
    const salto = desplazamiento(), arriba = lista.scrollTop + salto;
    const desde = Math.max(0, Math.floor(arriba / ALTO) - MARGEN);
    const hasta = Math.min(vista.length, Math.ceil((arriba + lista.clientHeight) / ALTO) + MARGEN);
    const filas = [];
    for (let i = desde; i < hasta; i++) filas.push(fila(vista[i], i, i * ALTO - salto));
    alto.replaceChildren(...filas);
    if (elegido >= desde && elegido < hasta) lista.setAttribute("aria-activedescendant", "d" + vista[elegido].id);
    else lista.removeAttribute("aria-activedescendant");
  }

  /* -- right-hand page and navigation: the address after # says what is open ------------------------------------ */
  function muestra() {
    const D = $("doc"), meta = window.RESPALDO.meta;
    const volver = boton("volver no-print", "left", "Volver a la lista", cierra);
    const membrete = el("p", "solo-print", V.rotulo(meta, meta.persona, meta.institucion));
    D.replaceChildren(volver, membrete, ...(abierto ? V.ficha.documento(abierto) : V.ficha.general(docs, meta)));
    document.title = (abierto ? abierto.numero + " · " : "") + titular;
    $("info").setAttribute("aria-pressed", String(!abierto));
  }

  function abre(doc) {
    abierto = doc;
    elegido = doc ? vista.indexOf(doc) : -1;
    if (elegido >= 0) acerca(elegido);
    pinta();
    muestra();
    $("doc").scrollTop = 0;
    if (doc) V.partes.carga(V.partes.clave(doc.parte));
  }

  function cierra() {
    document.body.classList.remove("ve-doc");
    lista.focus();
    if (abierto) acerca(Math.max(0, elegido));
    pinta();
  }

  function direccion(hash) { // without a history entry; some browsers refuse it on file://
    try { history.replaceState(null, "", hash); } catch (e) { /* the page works without */ }
  }

  function pedidoDe(hash) { // as typed by hand it may be no valid escape ("100%")
    try { return decodeURIComponent(hash.slice(1)); } catch (e) { return hash.slice(1); }
  }

  function navega() {
    const pedido = pedidoDe(location.hash);
    if (pedido === "") return document.body.classList.contains("ve-doc") && cierra();
    if (pedido === "q") return $("q").focus();
    const doc = docs.find((x) => x.id === pedido) || docs.find((x) => x.numero === pedido);
    if (!doc && pedido !== "informacion") return undefined;
    document.body.classList.add("ve-doc");
    if (doc && !vista.includes(doc)) limpia();
    abre(doc || null);
    $("doc-t").focus();
    return undefined;
  }

  function va(hash) {
    if (location.hash === hash) navega();
    else location.hash = hash;
  }

  function mueve(i) {
    if (!vista.length) return;
    abre(vista[Math.max(0, Math.min(vista.length - 1, i))]);
    direccion("#" + abierto.id);
  }

  function teclaLista(e) {
    const pagina = Math.max(1, Math.floor(lista.clientHeight / ALTO) - 1);
    const destino = { ArrowDown: elegido + 1, ArrowUp: elegido - 1, PageDown: elegido + pagina, PageUp: elegido - pagina, Home: 0, End: vista.length - 1 }[e.key];
    if (destino !== undefined) mueve(destino);
    else if (e.key === "Enter" && elegido >= 0) va("#" + vista[elegido].id);
    else return;
    e.preventDefault();
  }

  function teclaBusqueda(e) {
    if (e.key === "ArrowDown" && vista.length) { lista.focus(); if (elegido < 0) mueve(0); e.preventDefault(); }
    else if (e.key === "Enter") { e.preventDefault(); filtra(); if (vista.length) { lista.focus(); mueve(0); } }
    else if (e.key === "Escape" && this.value) { this.value = ""; filtra(); e.preventDefault(); }
  }

  /* -- start ---------------------------------------------------------------------------------------------------- */
  function escucha() {
    let espera, cuadro = 0;
    $("q").addEventListener("input", () => { ultimaTecla = performance.now(); clearTimeout(espera); espera = setTimeout(filtra, 60); });
    $("q").addEventListener("keydown", teclaBusqueda);
    $("filtros").addEventListener("change", filtra);
    $("filtros").addEventListener("submit", (e) => e.preventDefault());
    $("orden").addEventListener("change", filtra);
    $("info").addEventListener("click", () => va("#informacion"));
    $("ver").addEventListener("click", function () { this.setAttribute("aria-expanded", $("filtros").classList.toggle("abre")); pinta(); });
    document.querySelectorAll("[data-limpia]").forEach((b) => b.addEventListener("click", limpia));
    lista.addEventListener("scroll", () => { cancelAnimationFrame(cuadro); cuadro = requestAnimationFrame(pinta); });
    lista.addEventListener("click", (e) => { const o = e.target.closest(".fila"); if (o) va("#" + vista[o.dataset.i].id); });
    lista.addEventListener("keydown", teclaLista);
    addEventListener("resize", pinta);
    addEventListener("hashchange", navega);
    $("doc").addEventListener("keydown", (e) => { if (e.key === "Escape") cierra(); });
    addEventListener("keydown", (e) => {
      if (e.key !== "/" || e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName)) return;
      document.body.classList.remove("ve-doc");
      $("q").focus();
      e.preventDefault();
    });
  }

  function opciones(select, valores) { for (const v of valores) select.add(new Option(v, v)); }

  function rotula(meta) {
    titular = [meta.solicitud && "Respaldo Nº " + meta.solicitud, meta.persona || meta.nombre].filter(Boolean).join(" · ");
    $("nombre").textContent = meta.persona || meta.nombre;
    $("sub").textContent = V.rotulo(meta, V.periodo(meta), meta.institucion);
    $("n0").textContent = miles(docs.length);
    $("n1").textContent = miles(docs.filter((x) => x.recibido).length);
    $("n2").textContent = miles(docs.filter((x) => x.enviado).length);
    opciones($("tipo"), [...new Set(docs.map((x) => x.tipo))].sort((a, b) => a.localeCompare(b, "es")));
    opciones($("anio"), [...new Set(docs.map((x) => x.anio))].sort().reverse());
    if (!docs.length) {
      $("vacio-t").textContent = "Este respaldo no contiene documentos";
      $("vacio-p").textContent = "No se encontraron documentos en el período solicitado.";
      $("vacio-b").hidden = true;
    }
  }

  function alLlegarParte(clave) {
    if ($("novedad").checked) filtra(); else pinta();
    if (!abierto || V.partes.clave(abierto.parte) === clave || V.partes.detalle(abierto.id)) {
      const D = $("doc"), y = D.scrollTop, foco = D.contains(document.activeElement);
      muestra();
      D.scrollTop = y;
      if (foco) $("doc-t").focus({ preventScroll: true });
    }
  }

  async function arranca() {
    docs = window.RESPALDO.docs.map((f) => new Documento(f, window.RESPALDO.tipos)).sort(masRecientes);
    $("espera").hidden = true;
    $("todo").hidden = false;
    rotula(window.RESPALDO.meta);
    escucha();
    V.partes.alCambiar(alLlegarParte);
    V.partes.inicia(window.RESPALDO.meta);
    filtra();
    muestra();
    navega();
    await indexaDespacio();
    await V.partes.cargaTodo(silencio);
    document.body.dataset.listo = "si";
  }

  function sinIndice() {
    $("espera").hidden = true;
    V.ayuda();
  }

  /* The index of the whole, else that of a complement extracted on its own. */
  function abreIndice(nombres) {
    if (!nombres.length) return sinIndice();
    const s = el("script");
    s.addEventListener("load", () => (window.RESPALDO ? arranca() : sinIndice()));
    s.addEventListener("error", () => abreIndice(nombres.slice(1)));
    s.src = "visor/" + nombres[0] + ".js";
    document.head.append(s);
    return undefined;
  }

  if (!V.partes || !V.ficha) return;
  V.empieza();
  $("espera").hidden = false;
  abreIndice(["indice", ...V.partes.posibles.map((c) => "indice_" + c)]);
})();
