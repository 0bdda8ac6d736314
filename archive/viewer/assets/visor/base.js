/* Shared by the viewer and the checker: small DOM builders, dates, sizes, theme. Classic script: it must run from
   file://, without modules, fetch or network. Data only ever enter the page as text nodes, never as markup. */
window.VISOR = (function () {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";
  const MESES = ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"];
  const NBSP = "\u00a0";

  const $ = (id) => document.getElementById(id);

  function icono(nombre) {
    const svg = document.createElementNS(SVG, "svg");
    const use = document.createElementNS(SVG, "use");
    svg.setAttribute("class", "i");
    svg.setAttribute("aria-hidden", "true");
    use.setAttribute("href", "#i-" + nombre);
    svg.append(use);
    return svg;
  }

  /* el("p", "clase", hijo, "texto", null…): strings become text nodes, null is skipped. */
  function el(tag, clase, ...hijos) {
    const e = document.createElement(tag);
    if (clase) e.className = clase;
    e.append(...hijos.filter((h) => h !== null && h !== undefined));
    return e;
  }

  function boton(clase, nombreIcono, texto, accion) {
    const b = el("button", "btn " + clase, icono(nombreIcono), texto);
    b.type = "button";
    b.addEventListener("click", accion);
    return b;
  }

  /* Without accents and case. Latin letters keep their length, so a hit can be marked in the original text. */
  function llano(texto) {
    texto = texto.toLowerCase();
    return /[^\x00-\x7f]/.test(texto) ? texto.normalize("NFD").replace(/[\u0300-\u036f]/g, "") : texto;
  }

  const miles = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, NBSP);
  const cuantos = (n, uno, varios) => (n === 1 ? "1 " + uno : miles(n) + " " + varios);
  const dos = (n) => String(n).padStart(2, "0");

  /* ISO local time as it was written: never converted to the zone of this computer. */
  function fecha(iso, conHora) {
    const m = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d:\d\d))?/.exec(iso || "");
    if (!m || !MESES[m[2] - 1]) return iso || "";
    const dia = Number(m[3]) + " " + MESES[m[2] - 1] + " " + m[1];
    return conHora && m[4] ? dia + ", " + m[4] : dia;
  }

  function peso(bytes) {
    if (bytes === null || bytes === undefined) return "";
    const paso = [[1e9, "GB"], [1e6, "MB"], [1e3, "KB"]].find((p) => bytes >= p[0]);
    if (!paso) return cuantos(bytes, "byte", "bytes");
    const n = bytes / paso[0];
    return n.toFixed(paso[0] > 1e3 && n < 100 ? 1 : 0).replace(".", ",") + NBSP + paso[1];
  }

  /* An archive of a plain folder has neither request nor period: what is empty is not announced. */
  const periodo = (meta) => (meta.desde ? fecha(meta.desde) + " a " + fecha(meta.hasta) : "");
  const rotulo = (meta, ...mas) => ["Respaldo de documentos", meta.solicitud && "Solicitud Nº " + meta.solicitud, ...mas].filter(Boolean).join(" · ");

  function guardado(clave, valor) {
    try {
      if (valor === undefined) return localStorage.getItem(clave);
      localStorage.setItem(clave, valor);
    } catch (e) { /* some browsers give file:// no storage: the choice then lasts one visit */ }
    return null;
  }

  const raiz = document.documentElement;

  function tema() {
    const elegido = guardado("respaldo-tema");
    if (elegido === "dark" || elegido === "light") raiz.dataset.theme = elegido;
    $("tema").addEventListener("click", () => {
      const oscuro = raiz.dataset.theme ? raiz.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      raiz.dataset.theme = oscuro ? "light" : "dark";
      guardado("respaldo-tema", raiz.dataset.theme);
    });
  }

  /* This script stands in the head and the help for a page without its files in the body: while the class is there the help is not.
     It goes again when the page's own script has not begun by the end, because a file is missing or torn. */
  const ayuda = () => raiz.classList.remove("guion");
  let empezo = false;
  raiz.classList.add("guion");
  document.addEventListener("DOMContentLoaded", () => { if (!empezo) ayuda(); });
  function empieza() {
    empezo = true;
    tema();
  }

  return { $, el, icono, boton, llano, miles, cuantos, dos, fecha, peso, periodo, rotulo, empieza, ayuda };
})();
