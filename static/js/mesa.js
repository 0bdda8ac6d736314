/* Approval desk: what the server cannot draw without a request. The page works without this file. */
(function () {
  "use strict";
  var d = document;
  function all(s, r) { return Array.prototype.slice.call((r || d).querySelectorAll(s)); }

  /* The button says the day that is chosen. */
  d.addEventListener("change", function (e) {
    var day = e.target.matches("input[name=fecha]") && e.target.dataset.day, form = day && e.target.closest("form");
    if (form) all("[data-chosen-day]", form).forEach(function (n) { n.textContent = day; });
  });

  /* A decision that came too late is told in the panel (409); the other refusals stay notices (ui.js). */
  d.addEventListener("htmx:beforeSwap", function (e) {
    var x = e.detail.xhr;
    if (x.status === 409 && e.detail.target.id === "panel" && x.getResponseHeader("HX-Reswap") !== "none") {
      e.detail.shouldSwap = true; e.detail.isError = false;
    }
  });

  /* A queue that comes anew keeps the boxes ticked of what still waits. */
  d.addEventListener("htmx:oobBeforeSwap", function (e) {
    if (e.detail.target.id !== "cola") return;
    all("[data-one]:checked", e.detail.target).forEach(function (old) {
      var now = e.detail.fragment.querySelector('[data-one][value="' + old.value + '"]:not(:disabled)');
      if (now) now.checked = true;
    });
  });
  d.addEventListener("htmx:oobAfterSwap", function (e) {
    var ticked = e.detail.target.id === "cola" && d.querySelector("#cola [data-one]:checked");
    if (ticked) ticked.dispatchEvent(new Event("change", { bubbles: true }));  /* counted by ui.js */
  });

  /* The queue marks the request that is in the panel, without losing the boxes that are ticked. */
  function settle() {
    var panel = d.getElementById("panel"), now = panel && d.getElementById("fila-" + panel.dataset.panel);
    all("#cola tr[aria-current]").forEach(function (r) { if (r !== now) r.removeAttribute("aria-current"); });
    if (now) now.setAttribute("aria-current", "true");
    all("[data-marcar]").forEach(function (b) { b.hidden = false; });
  }
  d.addEventListener("htmx:afterSettle", settle);
  settle();

  /* "Marcar los cuatro": the officer has compared all four data with the document. */
  d.addEventListener("click", function (e) {
    if (e.target.closest("[data-marcar]")) all("#cotejo input[name=cotejo]").forEach(function (c) { c.checked = true; });
  });

  /* Shortcuts of one key (WCAG 2.1.4): they rest while a text is typed or a dialog is open, and can be switched off for good.
     What a key does is written on the control itself: aria-keyshortcuts names it, data-tecla says whether it only takes the
     focus ("foco"), opens what it heads ("abrir"), or is pressed. */
  var KEY = "mesa-atajos", box = d.querySelector("[data-atajos-uso]");
  function enabled() { try { return localStorage.getItem(KEY) !== "no"; } catch (_) { return true; } }
  if (box) {
    box.hidden = false;
    var input = box.querySelector("input");
    input.checked = enabled();
    input.addEventListener("change", function () { try { localStorage.setItem(KEY, input.checked ? "si" : "no"); } catch (_) { /* private window: for this page only */ } });
  }
  function typing(el) {
    return el.isContentEditable || /^(TEXTAREA|SELECT)$/.test(el.tagName) || (el.tagName === "INPUT" && !/^(checkbox|radio|button|submit)$/.test(el.type));
  }
  function tick() {
    var panel = d.getElementById("panel"), row = panel && d.getElementById("fila-" + panel.dataset.panel);
    var one = row && row.querySelector("[data-one]:not(:disabled)");
    if (one) one.click();
  }
  function press(el) {
    if (el.dataset.tecla === "foco") { el.focus(); el.scrollIntoView({ block: "nearest" }); return; }
    if (el.dataset.tecla !== "abrir") { el.click(); return; }
    var more = el.closest("details"), first;
    more.open = true;
    first = more.querySelector("input:checked, input[type=radio]");
    if (first) { first.focus(); first.scrollIntoView({ block: "nearest" }); }
  }
  d.addEventListener("keydown", function (e) {
    if (e.ctrlKey || e.altKey || e.metaKey || e.repeat || e.key.length !== 1 || typing(e.target)) return;
    if (!(input ? input.checked : enabled()) || d.querySelector("dialog[open]")) return;
    var key = e.key.toUpperCase(), el;
    if (key === "S") { e.preventDefault(); tick(); return; }
    el = key === "H" ? d.querySelector("[data-dialog=atajos]") : d.querySelector('[aria-keyshortcuts="' + CSS.escape(key) + '"]');
    if (el) { e.preventDefault(); press(el); }
  });
})();
