/* "Descargar todo": the missing parts one after the other. Without this file the single links do the same work.
   The page already asks how far each part is (card #siguiente-parte); this only starts the next one. */
(function () {
  "use strict";
  var d = document, box = d.getElementById("todo");
  if (!box) return;
  var button = box.querySelector("[data-descargar-todo]"), said = d.getElementById("todo-estado");
  var STALLED = 90000; /* without a byte for so long, the person has paused or cancelled it */
  var running = false, part = "", received = -1, since = 0;

  function card() { return d.getElementById("siguiente-parte"); }
  function say(text) { if (said.textContent !== text) said.textContent = text; }
  function stop(text) {
    running = false; part = ""; button.disabled = false; button.removeAttribute("aria-busy"); say(text);
  }
  function start(c) {
    var a = d.createElement("a");
    a.href = c.dataset.url; a.className = "vh";
    part = c.dataset.parte; received = -1; since = Date.now();
    d.body.appendChild(a); a.click(); a.remove();
    say("Descargando " + decodeURIComponent(c.dataset.url.split("/").pop()) + ". Mantenga abierta esta página.");
  }
  function follow() {
    var c = card();
    if (c && !c.dataset.parte) { box.hidden = true; }
    if (!running || !c) return;
    if (!c.dataset.parte) { stop("Todas las partes están completas."); return; }
    if (c.dataset.parte !== part) { start(c); return; }
    if (Number(c.dataset.recibidos) !== received) { received = Number(c.dataset.recibidos); since = Date.now(); }
    else if (Date.now() - since > STALLED) stop("La descarga se detuvo. Presione «Descargar todo» para continuar con lo que falta.");
  }
  button.addEventListener("click", function () {
    running = true; button.disabled = true; button.setAttribute("aria-busy", "true");
    follow();
  });
  d.addEventListener("htmx:afterSettle", follow);
  if (card() && card().dataset.parte) box.hidden = false;
})();
