/* Approval desk: what the server cannot draw without a request. The page works without this file. */
(function () {
  "use strict";
  var d = document;

  /* The button says the day that is chosen. */
  d.addEventListener("change", function (e) {
    var day = e.target.matches("input[name=fecha]") && e.target.dataset.day, form = day && e.target.closest("form");
    if (form) form.querySelectorAll("[data-chosen-day]").forEach(function (n) { n.textContent = day; });
  });

  /* A decision that came too late is told in the panel (409); the other refusals stay notices (ui.js). */
  d.addEventListener("htmx:beforeSwap", function (e) {
    var x = e.detail.xhr;
    if (x.status === 409 && e.detail.target.id === "panel" && x.getResponseHeader("HX-Reswap") !== "none") {
      e.detail.shouldSwap = true; e.detail.isError = false;
    }
  });

  /* The queue marks the request that is in the panel, without losing the boxes that are ticked. */
  d.addEventListener("htmx:afterSettle", function () {
    var panel = d.getElementById("panel"), now = panel && d.getElementById("fila-" + panel.dataset.panel);
    d.querySelectorAll("#cola tr[aria-current]").forEach(function (r) { if (r !== now) r.removeAttribute("aria-current"); });
    if (now) now.setAttribute("aria-current", "true");
  });
})();
