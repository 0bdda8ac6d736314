/* The right-hand page: one document, or the general information of the whole archive. */
(function () {
  "use strict";
  const V = window.VISOR;
  const { el, icono, boton, fecha, peso, cuantos, miles } = V;
  const VEREDICTOS = {
    valida: ["ok", "ok", "Firma válida"],
    alterada: ["bad", "bad", "Alterada"],
    "sin firma": ["mute", "minus", "Sin firma"],
    "no verificable": ["warn", "warn", "No verificable"],
  };
  const CLASES = { principal: "Documento principal", firma: "Copia firmada", texto: "Texto del documento" };
  const GLIFO = { principal: "doc", anexo: "clip", firma: "shield", texto: "doc" };

  const insignia = (color, nombre, texto) => el("span", "badge k-" + color, icono(nombre), texto);

  function tarjeta(titulo, ...hijos) {
    return el("section", "card", el("h3", "", titulo), ...hijos);
  }

  function datos(...pares) {
    const dl = el("dl");
    for (const [nombre, valor, clase] of pares) {
      if (valor !== "" && valor !== null && valor !== undefined) dl.append(el("div", clase || "", el("dt", "", nombre), el("dd", "", valor)));
    }
    return dl;
  }

  /* One line a person: with title, post and institution a comma no longer tells where the next one begins. */
  const gente = (nombres) => (nombres.length ? el("span", "gente", ...nombres.map((n) => el("span", "t", n))) : "");

  function aviso(color, nombre, titulo, texto) {
    return el("div", "aviso k-" + color, icono(nombre), el("div", "", el("strong", "", titulo), texto ? el("p", "", texto) : null));
  }

  /* A link only to a file of this folder: under data/, never upwards, each segment escaped (#, %, ? occur in names). */
  function enlace(ruta) {
    const partes = (ruta || "").split("/");
    if (partes[0] !== "data" || partes.some((p) => p === "" || p === "." || p === "..")) return null;
    return partes.map(encodeURIComponent).join("/");
  }

  function abre(clase, ruta, ...hijos) {
    const a = el("a", clase, ...hijos);
    a.href = enlace(ruta);
    a.target = "_blank";
    a.rel = "noopener";
    return a;
  }

  const nombreParte = (n) => "parte " + V.partes.numero(n);
  const causa = (clave) => window.RESPALDO.causas[clave] || "No se pudo incluir";

  /* Why a file cannot be opened here, or "". A path stands only in the script of the part that holds the file. */
  function estadoArchivo(a) {
    if (enlace(a.ruta)) return "";
    if (a.causa) return causa(a.causa);
    return a.parte ? "Está en la " + nombreParte(a.parte) : "Está en otra parte del respaldo";
  }
  const nombreArchivo = (a) => a.nombre || (a.ruta || "").split("/").pop() || "Sin nombre";

  function filaArchivo(a) {
    const problema = estadoArchivo(a);
    const rotulo = [a.clase === "anexo" ? "" : CLASES[a.clase] || a.clase, a.descripcion, a.fecha ? fecha(a.fecha) : "", problema ? "" : peso(a.bytes)].filter(Boolean).join(" · ");
    const cuerpo = [icono(problema ? "warn" : GLIFO[a.clase] || "doc"), el("span", "nom", el("span", "t", nombreArchivo(a)), el("span", "muted sm", rotulo), problema ? el("span", "falta", problema) : null, a.aviso ? el("span", "sm", causa(a.aviso)) : null)];
    return el("li", "", problema ? el("div", "arch no", ...cuerpo) : abre("arch", a.ruta, ...cuerpo));
  }

  function lista(archivos, siVacio) {
    return archivos.length ? el("ul", "archivos", ...archivos.map(filaArchivo)) : el("p", "muted", siVacio);
  }

  function archivos(det) {
    const anexos = det.archivos.filter((a) => a.clase === "anexo");
    const propios = det.archivos.filter((a) => a.clase !== "anexo");
    return [
      tarjeta("Archivos", lista(propios, "Este documento no tiene archivo en Quipux: solo existe esta ficha.")),
      tarjeta(anexos.length ? "Anexos (" + anexos.length + ")" : "Anexos", lista(anexos, "Este documento no tiene anexos.")),
    ];
  }

  function veredicto(texto) {
    const [color, nombre, rotulo] = VEREDICTOS[V.llano(texto || "")] || ["mute", "info", texto || "Sin dato"];
    return insignia(color, nombre, rotulo);
  }

  /* One signed file. With several signers each has its own verdict, and the file the worst of them. */
  function firma(a) {
    const f = a.firma, varios = f.firmantes.length > 1;
    const porque = f.firmantes.length ? "" : f.motivo;
    return el("li", "", el("div", "row", veredicto(f.veredicto), el("span", "t", nombreArchivo(a))),
      f.firmado ? el("p", "muted sm", "Firma el archivo ", el("span", "t", f.firmado), ".") : null,
      porque ? el("p", "muted sm", porque + ".") : null,
      ...f.firmantes.map((x) => el("div", "firmante", varios ? el("div", "row", veredicto(x.veredicto)) : null, datos(
        ["Firmante", x.nombre || "No se pudo leer"], ["Fecha de la firma", fecha(x.fecha, true)], ["Emisor del certificado", x.emisor],
        ["Certificado", x.certificado], ["Motivo", x.motivo, "w"]))));
  }

  function firmas(det, firmado) {
    const con = det.archivos.filter((a) => a.firma);
    if (!con.length) {
      const texto = firmado ? "Quipux lo registra como firmado electrónicamente. Las firmas no se comprobaron al generar el respaldo." : "Quipux no registra firma electrónica para este documento.";
      return tarjeta("Firmas", el("p", "muted", texto));
    }
    const hay = con.some((a) => a.firma.firmantes.length || a.firma.motivo);
    return tarjeta("Firmas", el("ul", "firmas", ...con.map(firma)),
      hay ? el("p", "muted sm", "Comprobación técnica automática hecha al generar el respaldo, sin consultar si los certificados fueron revocados. No es un peritaje.") : null);
  }

  function recorrido(det) {
    if (!det.recorrido.length) return tarjeta("Recorrido", el("p", "muted", "Quipux no registra recorrido para este documento."));
    return tarjeta("Recorrido", el("ol", "trail", ...det.recorrido.map((r) => el("li", "",
      el("time", "", fecha(r.fecha, true)), el("strong", "", r.accion),
      el("p", "", r.de + (r.para && r.para !== r.de ? " → " + r.para : "")),
      r.comentario ? el("p", "cita", "«" + r.comentario + "»") : null))));
  }

  function integridad(det) {
    const con = det.archivos.filter((a) => a.ruta && a.sha256);
    if (!con.length) return null;
    const nota = el("p", "muted sm", "Para comprobar todos los archivos a la vez abra ");
    const a = el("a", "", "VERIFICAR.html");
    a.href = "VERIFICAR.html";
    nota.append(a, ".");
    return tarjeta("Integridad (SHA-256)", el("dl", "huellas", ...con.map((f) => el("div", "w", el("dt", "", f.ruta), el("dd", "mono", f.sha256)))), nota);
  }

  function sinParte(doc) {
    const zip = V.partes.archivoZip(doc.parte);
    return [
      aviso("warn", "archive", "Está en la " + nombreParte(doc.parte), "Esa parte no se encuentra en esta carpeta. Extraiga " + zip + " en esta misma carpeta y vuelva a abrir esta página."),
      doc.anexos.length ? tarjeta("Anexos (" + doc.anexos.length + ")", el("ul", "archivos", ...doc.anexos.map((n) => el("li", "", el("div", "arch no", icono("clip"), el("span", "nom", el("span", "t", n))))))) : null,
    ];
  }

  function encabezado(doc) {
    const marcas = el("div", "row");
    if (doc.enviado) marcas.append(insignia("ok", "send", "Enviado"));
    if (doc.recibido) marcas.append(insignia("info", "inbox", "Recibido"));
    if (doc.firmado) marcas.append(insignia("brand", "shield", "Firmado"));
    if (V.partes.conNovedad(doc.id)) marcas.append(insignia("warn", "warn", "Con novedad"));
    const titulo = el("h2", "", doc.asunto || "Sin asunto");
    titulo.id = "doc-t";
    titulo.tabIndex = -1;
    return [marcas, el("div", "", titulo, el("p", "muted", el("bdi", "", doc.numero), " · " + fecha(doc.fecha, true)))];
  }

  /* doc: a row of the index as visor.js names it. Returns the nodes of its page. */
  function documento(doc) {
    const det = V.partes.detalle(doc.id);
    const estado = V.partes.estado(V.partes.clave(doc.parte));
    const acciones = el("div", "row no-print");
    const principal = det && det.archivos.find((a) => a.clase !== "anexo" && !estadoArchivo(a));
    if (principal) acciones.append(abre("btn pri", principal.ruta, icono("doc"), "Abrir documento (" + peso(principal.bytes) + ")"));
    acciones.append(boton("", "print", "Imprimir ficha", () => window.print()));
    const general = tarjeta("Información general", datos(
      ["Número", doc.numero], ["Tipo", doc.tipo], ["Fecha", fecha(doc.fecha, true)], ["Referencia", det && det.referencia],
      ["Asunto", doc.asunto, "w"], ["De", gente(doc.de), "w"], ["Para", gente(doc.para), "w"], ["Con copia", gente(doc.cc), "w"]));
    const pagina = [...encabezado(doc), acciones];
    if (det && V.partes.conNovedad(doc.id)) pagina.push(aviso("warn", "warn", "Documento con novedad", "Al menos uno de sus archivos no se pudo incluir; la causa consta junto a cada uno."));
    if (!det && estado === "falta") pagina.push(...sinParte(doc).slice(0, 1), general, ...sinParte(doc).slice(1));
    else if (!det && estado === "leyendo") pagina.push(general, el("p", "muted", "Leyendo la " + nombreParte(doc.parte) + "…"));
    else if (!det) pagina.push(aviso("warn", "warn", "Sin detalle", "La " + nombreParte(doc.parte) + " no contiene el detalle de este documento. Compruebe el respaldo con VERIFICAR.html."), general);
    else pagina.push(general, ...archivos(det), firmas(det, doc.firmado), recorrido(det), integridad(det));
    return pagina.filter(Boolean);
  }

  const cifra = (n, texto, color) => el("div", "cifra" + (color ? " k-" + color : ""), el("strong", "", miles(n)), el("span", "", texto));
  const signo = (s) => el("span", "signo", s);

  function cuentas(docs, meta) {
    let incluidos = 0, novedades = 0, lejos = 0;
    for (const x of docs) {
      if (!V.partes.conocido(x.id)) lejos++;
      else if (V.partes.conNovedad(x.id)) novedades++;
      else incluidos++;
    }
    const segun = (n, uno, varios) => (n === 1 ? uno : varios);
    const todos = docs.length + meta.excluidos;
    const caja = el("div", "cuentas", cifra(todos, segun(todos, "encontrado", "encontrados")), signo("="), cifra(incluidos, segun(incluidos, "incluido", "incluidos"), "ok"),
      signo("+"), cifra(novedades, "con novedad", novedades ? "warn" : ""));
    if (lejos) caja.append(signo("+"), cifra(lejos, "en partes que no están aquí", "info"));
    if (meta.excluidos) caja.append(signo("+"), cifra(meta.excluidos, segun(meta.excluidos, "excluido por reserva", "excluidos por reserva")));
    return caja;
  }

  function partes(docs, meta) {
    const cuenta = new Map();
    for (const x of docs) cuenta.set(x.parte, (cuenta.get(x.parte) || 0) + 1);
    const filas = [];
    for (let n = 1; n <= meta.partes; n++) {
      const e = V.partes.estado(V.partes.clave(n));
      const marca = e === "presente" ? insignia("ok", "ok", "En esta carpeta") : e === "falta" ? insignia("warn", "archive", "No está aquí") : insignia("mute", "clock", "Leyendo…");
      filas.push(el("li", "", el("span", "t", V.partes.archivoZip(n)), el("span", "muted sm", cuantos(cuenta.get(n) || 0, "documento", "documentos")), marca));
    }
    for (const k of V.partes.complementos()) filas.push(el("li", "", el("span", "t", meta.nombre + "_" + k + ".zip"), el("span", "muted sm", "Complemento"), insignia("ok", "ok", "En esta carpeta")));
    return el("ul", "partes", ...filas);
  }

  /* The page shown first: whose archive this is and how its numbers add up. */
  function general(docs, meta) {
    const titulo = el("h2", "", "Información general del respaldo");
    titulo.id = "doc-t";
    titulo.tabIndex = -1;
    const ayuda = el("p", "muted sm", "Compruebe que ningún archivo cambió con ");
    const verificar = el("a", "", "VERIFICAR.html");
    verificar.href = "VERIFICAR.html";
    ayuda.append(verificar, ". Las demás partes se extraen en esta misma carpeta y aparecen al volver a abrir esta página.");
    return [
      el("div", "", titulo, meta.persona ? el("p", "muted", "Documentos de Quipux entregados a su titular.") : null),
      tarjeta("Documentos", cuentas(docs, meta), meta.excluidos ? el("p", "muted sm", "Un documento excluido por reserva no forma parte de este respaldo: solo consta cuántos son.") : null),
      !meta.persona ? null : tarjeta("Titular", datos(["Nombres", meta.persona], ["Cédula", meta.cedula], ["Puesto", meta.puesto], ["Área", meta.area], ["Institución", meta.institucion, "w"])),
      tarjeta("Respaldo", datos(["Nº Solicitud", meta.solicitud], ["Período", V.periodo(meta)], ["Generado", fecha(meta.generado, true)], ["Tamaño de los archivos", peso(meta.bytes)], ["Petición", meta.peticion])),
      tarjeta(meta.partes === 1 ? "Parte única" : "Partes (" + meta.partes + ")", partes(docs, meta), ayuda),
      el("div", "row no-print", boton("", "print", "Imprimir", () => window.print())),
    ].filter(Boolean);
  }

  V.ficha = { documento, general };
})();
